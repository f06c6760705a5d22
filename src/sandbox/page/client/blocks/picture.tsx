/**
 * Pictures in blocks. One that was uploaded to this workspace is shown; one from elsewhere would tell its owner who looks
 * at this page, so only its words are.
 */
import { Icon } from '../icons.tsx';
import { type JsonObject, objectAt, textAt, wordsAt } from '../json.ts';

/** The upload that is meant, by id or by Slack's address of it. */
function uploadIn(image: JsonObject): string | null {
  const file = objectAt(image, 'slack_file');
  const id = textAt(file, 'id') || (/-(F[0-9A-Z]+)\//.exec(textAt(file, 'url'))?.[1] ?? '');
  return id === '' ? null : id;
}

export function Picture({ image, className }: { readonly image: JsonObject; readonly className: string }) {
  const upload = uploadIn(image);
  const alt = textAt(image, 'alt_text');
  if (upload !== null) return <img alt={alt} className={className} src={`files/${encodeURIComponent(upload)}`} />;
  return (
    <span className="picture-elsewhere" title={textAt(image, 'image_url')}>
      <Icon name="picture" size={14} /> {alt || 'A picture'} <small>(from elsewhere, not loaded)</small>
    </span>
  );
}

export function ImageBlock({ block }: { readonly block: JsonObject }) {
  const title = wordsAt(block, 'title');
  return (
    <figure className="picture">
      {title !== '' && <figcaption>{title}</figcaption>}
      <Picture className="picture-large" image={block} />
    </figure>
  );
}
