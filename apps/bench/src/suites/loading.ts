/** Longformer-base in real size as codes: downloading and loading it, and making the codes at loading. */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { longformerFamily, quantizeCheckpoint, randomCheckpoint, writeCheckpoint } from '@attn/models/node';
import { contest } from '../contest/contest.ts';
import type { Subject } from '../contest/protocol.ts';
import { longformerConfig } from '../longformer.ts';
import { ms, spread, times } from '../rows.ts';
import { serveFolder } from '../static-server.ts';
import { file } from '../subjects/index.ts';
import type { Suite, SuiteOptions, Table } from '../suite.ts';

const FORMS = ['f32', 'q8', 'q4'] as const;

/** Quantising a base model takes some seconds. */
const PATIENCE = 300_000;

export const loadingSuite: Suite = {
  name: 'loading',
  describes: 'Longformer-base as codes: downloading and loading it, and memory while codes are made',
  async run(options) {
    const home = await mkdtemp(join(tmpdir(), 'attn-bench-'));
    try {
      options.log('loading: making checkpoints of random weights');
      const whole = randomCheckpoint(longformerFamily, longformerConfig(4098, options));
      for (const dtype of FORMS) {
        const codes = dtype === 'f32' ? whole : await quantizeCheckpoint(whole, { dtype });
        await writeCheckpoint(join(home, dtype), codes);
      }
      return [await downloads(home, options), await quantising(home, options)];
    } finally {
      await rm(home, { recursive: true, force: true });
    }
  },
};

/** The size of the weights of a form, in bytes. */
async function sizeOf(home: string, form: string): Promise<number> {
  return (await stat(join(home, form, 'model.safetensors'))).size;
}

async function downloads(home: string, options: SuiteOptions): Promise<Table> {
  options.log('loading: over loopback');
  await using server = await serveFolder(home);
  const subjects = Object.fromEntries(
    FORMS.map((form): [string, Subject] => [form, file('loadInMemory', `${server.url}${form}/`)]),
  );
  const results = await contest(subjects, { ...options, patience: PATIENCE });
  const rows = await Promise.all(
    FORMS.map(async (form) => ({
      weights: form,
      MB: (await sizeOf(home, form)) / 1e6,
      ms: ms(results[form]),
      '± ms': spread(results[form]),
      'share of f32': times(results[form], results.f32),
    })),
  );
  return {
    title: 'Longformer-base over loopback',
    note: '`loadModel(url)` of a folder on a server of this machine: everything is fetched, and in memory. Target of q4: at most 0.2.',
    rows,
  };
}

async function quantising(home: string, options: SuiteOptions): Promise<Table> {
  const forms = FORMS.filter((form) => form !== 'f32');
  options.log('loading: quantising');
  const subjects = Object.fromEntries(
    forms.map((form): [string, Subject] => {
      const subject = file('quantize', join(home, 'f32'));
      return [form, { ...subject, options: { ...subject.options, dtype: form } }];
    }),
  );
  const results = await contest(subjects, { ...options, patience: PATIENCE });
  const rows = await Promise.all(
    forms.map(async (form) => {
      const [result, bytes] = [results[form], await sizeOf(home, form)];
      const growth = result.failed === undefined ? result.memory.growth : undefined;
      return {
        weights: form,
        'codes, MB': bytes / 1e6,
        ms: ms(result),
        '± ms': spread(result),
        'growth, MB': growth === undefined ? '' : growth / 1e6,
        'beyond codes, MB': growth === undefined ? '' : (growth - bytes) / 1e6,
      };
    }),
  );
  return {
    title: 'Longformer-base, quantised at loading',
    note: 'From a folder of f32. The greatest growth of resident memory while it loads, of a fresh process. Target: at most 100 MB beyond the codes.',
    rows,
  };
}
