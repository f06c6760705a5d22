/**
 * Files that were shared in Slack, on their way to the browser. They are somebody else's: pictures of pixels may be
 * drawn, everything else is only saved, so that no uploaded document runs as a part of the page.
 */
import type { SandboxFile } from '../slack/index.ts';

const PICTURES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];

export function isPicture({ mimetype }: Pick<SandboxFile, 'mimetype'>): boolean {
  return PICTURES.includes(mimetype);
}

/** What its answer says besides the bytes. */
export function headersOf(file: SandboxFile, download: boolean): Readonly<Record<string, string>> {
  const shown = isPicture(file) && !download;
  // RFC 6266: the plain name for the old, the encoded one for everybody else.
  const plain = file.name.replace(/[^\w. -]/g, '_');
  const name = `filename="${plain}"; filename*=UTF-8''${encoded(file.name)}`;
  return {
    'content-type': isPicture(file) ? file.mimetype : 'application/octet-stream',
    'content-disposition': `${shown ? 'inline' : 'attachment'}; ${name}`,
    'content-security-policy': "default-src 'none'; sandbox",
    'content-length': String(file.content.length),
  };
}

function encoded(name: string): string {
  // Half a letter, which encodeURIComponent throws at, is gone behind a Buffer.
  return encodeURIComponent(Buffer.from(name).toString()).replace(
    /['()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16)}`,
  );
}
