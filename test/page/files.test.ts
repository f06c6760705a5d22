/** Files that the bot uploads with files.uploadV2, as people see and save them. */
import { readFile } from 'node:fs/promises';
import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { MIGRATIONS } from '../../src/sandbox/slack/index.ts';
import { CHROMIUM } from './support/browser.ts';
import { useRealStage } from './support/real.ts';

/** A whole PNG of one colour, `side` pixels wide and high. */
function png(side: number): Buffer {
  const crcOf = (bytes: Buffer) => {
    let crc = 0xffffffff;
    for (const byte of bytes) {
      crc ^= byte;
      for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return (crc ^ 0xffffffff) >>> 0;
  };
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const frame = Buffer.alloc(8);
    frame.writeUInt32BE(data.length, 0);
    frame.writeUInt32BE(crcOf(body), 4);
    return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(side, 0);
  head.writeUInt32BE(side, 4);
  head.set([8, 2], 8);
  const row = Buffer.concat([Buffer.from([0]), Buffer.alloc(side * 3, 0x5f)]);
  const pixels = deflateSync(Buffer.concat(Array.from({ length: side }, () => row)));
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk('IHDR', head), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))]);
}

describe.skipIf(CHROMIUM === null)('files in a thread', () => {
  const stage = useRealStage();

  it('a chart is seen and described, a CSV is saved byte for byte, and nothing else runs in the page', async () => {
    const thread = (await stage.web.chat.postMessage({ channel: MIGRATIONS, text: 'The migration' })).ts ?? '';
    const share = { channel_id: MIGRATIONS, thread_ts: thread };
    const csv = 'shard,keys\r\n1,"204,386"\r\n';
    await stage.web.filesUploadV2({
      ...share,
      initial_comment: 'How it went',
      file: png(40),
      filename: 'lag.png',
      title: 'Lag of each shard',
      alt_text: 'The lag of six shards falls to nothing',
    });
    await stage.web.filesUploadV2({ ...share, content: csv, filename: 'shards.csv', title: 'All shards' });
    const script = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>';
    await stage.web.filesUploadV2({ ...share, content: script, filename: 'chart".svg', title: '<b>bold</b>' });

    const page = await stage.show(`#thread=${thread}`);
    const replies = page.getByRole('region', { name: 'Thread' });
    const picture = replies.getByRole('img', { name: 'The lag of six shards falls to nothing' });
    await expect
      .poll(() => picture.evaluate((one) => (one as unknown as { naturalWidth: number }).naturalWidth))
      .toBe(40);
    await replies.getByText('How it went').waitFor();
    await replies.getByText('<b>bold</b>').waitFor();
    expect(await replies.getByRole('img').count()).toBe(1);

    const saving = page.waitForEvent('download');
    await replies.getByRole('link', { name: 'Download shards.csv' }).click();
    const saved = await saving;
    expect(saved.suggestedFilename()).toBe('shards.csv');
    expect(await readFile(await saved.path(), 'utf8')).toBe(csv);

    const svg = stage.slack.files().find((one) => one.name.endsWith('.svg'));
    const answer = await fetch(`${stage.url}files/${svg?.id}`);
    expect(answer.headers.get('content-type')).toBe('application/octet-stream');
    expect(answer.headers.get('content-disposition')).toBe(
      `attachment; filename="chart_.svg"; filename*=UTF-8''chart%22.svg`,
    );
    expect(answer.headers.get('content-security-policy')).toContain('sandbox');
    expect((await fetch(`${stage.url}files/F0NONE`)).status).toBe(404);
  });

  it('a picture in blocks is shown when it was uploaded here, and only named when it is from elsewhere', async () => {
    await stage.web.filesUploadV2({ file: png(30), filename: 'chart.png' });
    const id = stage.slack.files()[0]?.id ?? '';
    await stage.web.chat.postMessage({
      channel: MIGRATIONS,
      text: 'pictures',
      blocks: [
        { type: 'image', alt_text: 'Keys by shard', slack_file: { id } },
        { type: 'image', alt_text: 'A spy', image_url: 'https://tracker.example/pixel.png' },
        {
          type: 'context',
          elements: [{ type: 'image', alt_text: 'Another', image_url: 'https://tracker.example/2.png' }],
        },
      ],
    });
    const page = await stage.show();
    const picture = page.getByRole('img', { name: 'Keys by shard' });
    await expect
      .poll(() => picture.evaluate((one) => (one as unknown as { naturalWidth: number }).naturalWidth))
      .toBe(30);
    await page.getByText('A spy').waitFor();
    await page.getByText('[Another]').waitFor();
    expect(await page.locator('.channel img').count()).toBe(1);
  });
});
