// Several calls want one model at once.
import { rm } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { WEIGHTS } from '../hub-fixture.testing.ts';
import { HubUser } from './hub-user.testing.ts';

const user = new HubUser();

describe('several at once', () => {
  test('two calls download once, and each has its own progress', async () => {
    await user.start();
    const last = [0, 0];
    await Promise.all([0, 1].map((i) => user.works({ onDownload: ({ done }) => (last[i] = done) })));
    expect(user.downloadsOf('model.safetensors').length).toBe(2); // the hub, and where it redirects to
    expect(last[0]).toBe(last[1]);
    expect(last[0]).toBeGreaterThan(WEIGHTS.length);
  });

  test('an abort of one does not end the other; of all, leaves bytes and no lock', async () => {
    await user.start();
    const goOn = user.hub.hold('model.safetensors', 60_000);
    const controllers = [0, 1].map(() => new AbortController());
    const abortAt = (i: number) => ({
      signal: controllers[i].signal,
      onDownload: ({ done }: { readonly done: number }) => {
        if (done > 40_000 * (i + 1)) controllers[i].abort();
      },
    });
    const [first, second] = [user.load(abortAt(0)), user.load()];
    await expect(first).rejects.toMatchObject({ code: 'ABORTED' });
    goOn();
    await second;

    await rm(user.folder(), { recursive: true });
    user.hub.faults.length = 0;
    user.hub.hold('model.safetensors', 100_000);
    const aborted = await Promise.allSettled([user.load(abortAt(1)), user.load(abortAt(1))]);
    for (const result of aborted) expect(result).toMatchObject({ reason: { code: 'ABORTED' } });
    expect(await user.locks()).toEqual([]);
    expect(await user.incompletes()).toHaveLength(1);
    user.hub.faults.pop();
    await user.works();
    expect(user.downloadsOf('model.safetensors').at(-1)).toMatch(/ bytes=[1-9]\d*-$/);
  });

  test('a caller whose token is refused does not fail the other', async () => {
    await user.start();
    let other: Promise<void> | undefined;
    const refused = user.load({
      fetch: async (url, init) => {
        if (!url.includes('model.safetensors')) return fetch(url, init);
        // Now the download is under way, and the other joins it.
        await new Promise<void>((resolve) => {
          other = user.works({ onDownload: ({ file }) => file === 'model.safetensors' && resolve() });
        });
        return new Response('', { status: 403 });
      },
    });
    await expect(refused).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
    await expect(other).resolves.toBe(undefined);
  });

  test('a fault of the hub is asked for once by all', async () => {
    await user.start();
    const cut = user.hub.hold('model.safetensors', 5, { cutAfter: 5 });
    const waiting = new Set<number>();
    const loads = [0, 1, 2, 3, 4].map((i) =>
      user.load({
        attempts: 1,
        onDownload: ({ file }) => {
          if (file === 'model.safetensors' && waiting.add(i).size === 5) cut();
        },
      }),
    );
    for (const result of await Promise.allSettled(loads)) {
      expect(result).toMatchObject({ reason: { code: 'TIMEOUT' } });
    }
    expect(user.downloadsOf('model.safetensors').length).toBe(2);
  });
});
