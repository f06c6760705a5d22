import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { connect } from './live.ts';

const page = document.getElementById('page');
if (page === null) throw new Error('index.html has no place for the page.');
connect();
createRoot(page).render(<App />);
