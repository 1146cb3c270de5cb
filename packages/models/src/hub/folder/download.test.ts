// A process that slept for long, and finds that another has finished its download.
import { createHash } from 'node:crypto';
import { rename } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { HubClient } from '../client.ts';
import { downloadFile } from './download.ts';
import { ID, MAIN, WEIGHTS } from '../hub-fixture.testing.ts';
import { HubUser } from './hub-user.testing.ts';
import { ModelCache, sizeOf } from './model-cache.ts';

const user = new HubUser();

test('two owners of a lock at once do each other no harm', async () => {
  const hub = await user.start();
  const client = new HubClient({ hubUrl: hub.url });
  const cache = new ModelCache(user.cacheFolder, ID);
  const hash = createHash('sha256').update(WEIGHTS).digest('hex');
  const file = { commit: MAIN, path: 'model.safetensors', size: WEIGHTS.length, hash };
  const { signal } = new AbortController();
  const download = (onBytes: (done: number) => void = () => {}): Promise<void> =>
    downloadFile(cache, { client, id: ID, file, attempts: 1, signal, onBytes });
  const release = hub.hold('model.safetensors', 50_000);
  const isHalfway = [false, false];
  const both = [0, 1].map((i) =>
    download((done) => {
      isHalfway[i] ||= done >= 50_000;
      if (isHalfway[0] && isHalfway[1]) release();
    }),
  );
  await Promise.all(both);
  hub.faults.length = 0;
  expect(await sizeOf(cache.blob(hash))).toBe(WEIGHTS.length);

  // The other finishes while this one still receives.
  const [blob, other] = [cache.blob(hash), `${cache.blob(hash)}.other`];
  await rename(blob, other);
  const goOn = hub.hold('model.safetensors', 50_000);
  let isMoved: Promise<void> | undefined;
  await download((done) => {
    if (done < 50_000) return;
    isMoved ??= rename(cache.incomplete(hash), `${blob}.ours`)
      .then(() => rename(other, blob))
      .then(goOn);
  });
  await isMoved;
  expect(isMoved).toBeDefined();
  expect(await sizeOf(blob)).toBe(WEIGHTS.length);
});
