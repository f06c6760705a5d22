/** Files that were shared with a message: pictures inline, everything else as a card to save it by. */
import type { PageFile } from '../state.ts';
import { Icon } from './icons.tsx';

export function Files({ files }: { readonly files: readonly PageFile[] }) {
  if (files.length === 0) return null;
  return (
    <ul aria-label="Files" className="files">
      {files.map((file) => (
        <li key={file.id}>{file.isPicture ? <PictureFile file={file} /> : <FileCard file={file} />}</li>
      ))}
    </ul>
  );
}

function PictureFile({ file }: { readonly file: PageFile }) {
  const path = `files/${file.id}`;
  return (
    <figure className="picture">
      <figcaption>
        {file.title} <Download file={file} />
      </figcaption>
      <a href={path} rel="noreferrer" target="_blank" title="Open in a tab of its own">
        <img alt={file.alt ?? file.title} className="picture-large" src={path} />
      </a>
    </figure>
  );
}

function FileCard({ file }: { readonly file: PageFile }) {
  return (
    <div className="file-card">
      <span aria-hidden="true" className="file-type">
        {file.type === 'binary' ? <Icon name="file" /> : file.type.slice(0, 4)}
      </span>
      <span className="file-words">
        <b>{file.title}</b>
        <small>
          {file.title === file.name ? '' : `${file.name} · `}
          {size(file.bytes)}
        </small>
      </span>
      <Download file={file} />
    </div>
  );
}

function Download({ file }: { readonly file: PageFile }) {
  return (
    <a
      aria-label={`Download ${file.name}`}
      className="file-download"
      download={file.name}
      href={`files/${file.id}?download`}
      title="Download"
    >
      <Icon name="download" />
    </a>
  );
}

function size(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${(bytes / 1_000).toFixed(1)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
