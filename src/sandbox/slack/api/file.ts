/** A file as Slack shows it to apps, and one that is on its way. */
import type { JsonObject } from '../json.ts';
import type { SandboxFile, Workspace } from '../workspace.ts';

export interface Upload {
  readonly name: string;
  readonly bytes: number;
  readonly alt: string | null;
  content: Buffer | null;
}

export function fileJson(workspace: Workspace, file: SandboxFile): JsonObject {
  const url = `https://files.slack.com/files-pri/${workspace.teamId}-${file.id}`;
  const path = encodeURIComponent(file.name);
  return {
    id: file.id,
    created: file.created,
    timestamp: file.created,
    name: file.name,
    title: file.title,
    mimetype: file.mimetype,
    filetype: file.filetype,
    user: workspace.botUserId,
    size: file.content.length,
    mode: 'hosted',
    url_private: `${url}/${path}`,
    url_private_download: `${url}/download/${path}`,
    permalink: `https://${workspace.teamDomain}.slack.com/files/${workspace.botUserId}/${file.id}/${path}`,
    ...(file.alt === null ? {} : { alt_txt: file.alt }),
  };
}
