// A hub for the pages: it has the models that they name, small. Longformer lies there as on the real one: the
// weights in PyTorch's legacy format, and no safetensors.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { folderStore, openCheckpoint } from '@attn/models/node';
import { writeLegacyFile } from '../../../apps/bench/src/legacy-file.ts';
import { commitOf, startStubHub } from '../../../packages/models/src/hub/stub-hub.testing.ts';
import { writeLongformer } from './stand-ins.mjs';

const GOLDENS = join(import.meta.dirname, '../../../packages/models/goldens');

/** Starts the hub. */
export async function startStandInHub() {
  const models = {
    'allenai/longformer-base-4096': await longformerFiles(),
    'deepset/roberta-base-squad2': filesIn(join(GOLDENS, 'tasks/qa-bert')),
  };
  return startStubHub(
    Object.entries(models).map(([id, files]) => {
      return { id, revisions: new Map([['main', { commit: commitOf('c0ffee'), files }]]) };
    }),
  );
}

/** What Node's programs have to know of the hub: its address, and a cache of their own. */
export function environmentOf(hub, folder) {
  return { HF_ENDPOINT: hub.url, HF_HOME: join(folder, 'huggingface'), HF_HUB_CACHE: '', HF_HUB_OFFLINE: '' };
}

function filesIn(folder) {
  return new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]));
}

async function longformerFiles() {
  const folder = mkdtempSync(join(tmpdir(), 'attn-hub-'));
  try {
    await writeLongformer(folder);
    await using checkpoint = await openCheckpoint(folderStore(folder));
    await writeLegacyFile(join(folder, 'pytorch_model.bin'), checkpoint);
    rmSync(join(folder, 'model.safetensors'));
    return filesIn(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
