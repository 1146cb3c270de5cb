// The hub and the line to it fail in every way that people meet.
import { rm, stat, truncate } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { MAIN, WEIGHTS } from '../hub-fixture.testing.ts';
import { HubUser } from './hub-user.testing.ts';

const user = new HubUser();

describe('faults of the hub and the line', () => {
  test.each([503, 429])('one %i, with Retry-After', async (status) => {
    await user.start();
    for (const url of ['/revision/', '/paths-info/', 'config.json', 'model.safetensors']) {
      user.hub.faults.push({ url, times: 1, status, headers: { 'Retry-After': '0' } });
    }
    await user.works();
  });

  test('a hub that stays busy for long does not keep from the cached copy', async () => {
    await user.start();
    await user.works();
    user.hub.faults.push({ url: '/revision/', status: 503, headers: { 'Retry-After': '3600' } });
    const warnings: string[] = [];
    const start = performance.now();
    await user.works({ attempts: 2, onWarning: (message) => warnings.push(message) });
    expect(performance.now() - start).toBeLessThan(50_000); // a minute without a copy
    expect(warnings).toEqual([expect.stringMatching(/the cached copy .* is used, as .*status 503/)]);
  });

  test('silence ends in TIMEOUT; the next try goes on', async () => {
    await user.start();
    user.hub.faults.push({ url: 'model.safetensors', silentAfter: 60_000 });
    user.hub.faults.unshift({ url: 'nothing' });
    await expect(user.load({ idleTimeout: 1_500, attempts: 1 })).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringMatching(
        /model\.safetensors of org\/name could not be downloaded: nothing arrived for 1\.5 seconds/,
      ),
    });
    expect(await user.locks()).toEqual([]);
    user.hub.faults.length = 0;
    await user.works();
    expect(user.downloadsOf('model.safetensors').at(-1)).toMatch(/ bytes=60000-$/);
  });

  test('a hub that never answers ends in TIMEOUT', async () => {
    await user.start();
    user.hub.faults.push({ url: '/api/', mute: true });
    await expect(user.load({ idleTimeout: 50, attempts: 2 })).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringContaining('after 2 attempts: nothing arrived for 0.05 seconds'),
    });
  });

  test('a cut connection goes on where it broke', async () => {
    await user.start();
    const cut = user.hub.hold(`${MAIN}/model.safetensors`, 60_000, { times: 4, cutAfter: 60_000 });
    await user.works({ onDownload: ({ done }) => done >= 60_000 && cut() });
    expect(user.downloadsOf('model.safetensors').at(-1)).toMatch(/ bytes=[1-9]\d*-$/);
  });

  test.each([{ ignoresRanges: true }, { refusesRanges: true }] as const)('a resume: %j', async (fault) => {
    await user.start();
    user.hub.hold('model.safetensors', 60_000);
    const controller = new AbortController();
    const onDownload = ({ done }: { readonly done: number }): void => {
      if (done >= 60_000) controller.abort();
    };
    await expect(user.load({ signal: controller.signal, onDownload })).rejects.toThrow('abort');
    expect(await user.incompletes()).toHaveLength(1);
    user.hub.faults[0] = { url: 'model.safetensors', ...fault };
    await user.works();
  });

  test('a wrong hash: once more, then MALFORMED_FILE, and nothing is kept', async () => {
    await user.start();
    user.hub.faults.push({ url: 'model.safetensors', times: 2, spoils: true }); // the redirect counts, too
    await user.works();
    await rm(user.folder(), { recursive: true });
    user.hub.faults.push({ url: 'model.safetensors', spoils: true });
    await expect(user.load()).rejects.toMatchObject({
      code: 'MALFORMED_FILE',
      message: expect.stringMatching(
        /model\.safetensors of org\/name must have the hash \w{64}, got \w{64}, twice; it was deleted/,
      ),
    });
    expect(await user.incompletes()).toEqual([]);
    expect(await user.locks()).toEqual([]);
  });

  test('too many bytes', async () => {
    await user.start();
    user.hub.faults.push({ url: 'model.safetensors', surplus: 10 });
    await expect(user.load()).rejects.toThrow('must have 200000 bytes, but more were sent, twice');
    expect(await user.incompletes()).toEqual([]);
  });

  test.each([60_000, 0, 250_000])('a blob that a crash left with %i bytes is healed', async (length) => {
    await user.start();
    await user.load();
    await truncate(user.folder('snapshots', MAIN, 'model.safetensors'), length);
    await expect(user.load({ offline: true })).rejects.toThrow('lacks model.safetensors');
    await user.works();
    if (length === 60_000) expect(user.downloadsOf('model.safetensors').at(-1)).toMatch(/ bytes=60000-$/);
    // Python keeps no record.
    await truncate(user.folder('snapshots', MAIN, 'model.safetensors'), length);
    await rm(user.folder('.attn'), { recursive: true });
    await user.works();
    expect((await stat(user.folder('snapshots', MAIN, 'model.safetensors'))).size).toBe(WEIGHTS.length);
  });

  test('what onDownload throws ends the download, with that error', async () => {
    await user.start();
    const error = new Error('mine');
    const wrong = (): never => {
      throw error;
    };
    await expect(user.load({ onDownload: wrong })).rejects.toBe(error);
    await expect(user.load({ onDownload: async () => wrong() })).rejects.toBe(error);
    expect(user.downloadsOf('model.safetensors')).toEqual([]);
    await expect(user.load({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' });
    expect(await user.locks()).toEqual([]);
  });
});
