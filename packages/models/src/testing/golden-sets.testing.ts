/**
 * Sets of goldens: `today` (encoders of 2024 and later), `classic` (BERT and its kin) and `heads` (classes of
 * both that have no case there). Each case is a folder `goldens/<set>/<group>/<id>` with the original's
 * files, `io.safetensors`, and `case.json`, which says what they are. `ATTN_GOLDENS` names a folder with the
 * whole sets of the first two, which have a `manifest.json` instead.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { JsonObject, Tensor } from '@attn/core';
import { parseSafetensors } from '@attn/safetensors';
import { memoryCheckpoint } from '../checkpoint/memory.ts';
import { goldenOf, type Golden } from './goldens.testing.ts';

/** Names of sets. */
export type GoldenSet = 'today' | 'classic' | 'heads';

/** A case of a set. */
export interface GoldenCase {
  readonly id: string;
  readonly group: string;
  readonly config: JsonObject;
  readonly tolerance: { readonly atol: number };
  readonly notes?: string;
  /** The folder of its files. */
  readonly folder: string;
  /** The file of its inputs and outputs. */
  readonly io: string;
}

interface ManifestCase extends Omit<GoldenCase, 'folder' | 'io'> {
  readonly dir?: string;
  readonly file: string;
}

const { ATTN_GOLDENS } = process.env;
const OWN = fileURLToPath(new URL('../../goldens/', import.meta.url));

/** The cases of a group of a set, in the order of their names. */
export function goldenCases(set: GoldenSet, group: string): readonly GoldenCase[] {
  const isElsewhere = ATTN_GOLDENS && set !== 'heads';
  const cases = isElsewhere ? manifestCases(join(ATTN_GOLDENS, set)) : ownCases(join(OWN, set), group);
  return cases.filter((golden) => golden.group === group).toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

function manifestCases(root: string): readonly GoldenCase[] {
  const { cases } = JSON.parse(readFileSync(join(root, 'manifest.json'), 'utf8')) as {
    readonly cases: readonly ManifestCase[];
  };
  return cases.map(({ dir = '', file, ...golden }) => ({
    ...golden,
    folder: join(root, dir),
    io: join(root, file),
  }));
}

function ownCases(root: string, group: string): readonly GoldenCase[] {
  const folders = readdirSync(join(root, group)).map((id) => join(root, group, id));
  return folders
    .filter((folder) => existsSync(join(folder, 'case.json')))
    .map((folder) => ({
      ...(JSON.parse(readFileSync(join(folder, 'case.json'), 'utf8')) as Omit<GoldenCase, 'folder' | 'io'>),
      folder,
      io: join(folder, 'io.safetensors'),
    }));
}

/** Every tensor of a case, by its name: `in.…`, `aux.…`, `out.…`. */
export async function tensorsOf({ io }: Pick<GoldenCase, 'io'>): Promise<ReadonlyMap<string, Tensor>> {
  return parseSafetensors(await readFile(io)).tensors;
}

/** A case of a model, as `testGoldens` takes it. */
export async function goldenOfCase(golden: GoldenCase): Promise<Golden> {
  const { id, folder, config, tolerance } = golden;
  const tensors = await tensorsOf(golden);
  const json = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')) as JsonObject;
  const weights = parseSafetensors(await readFile(join(folder, 'model.safetensors'))).tensors;
  const checkpoint = memoryCheckpoint(json, weights, id);
  return goldenOf(id, { checkpoint, tensors, architecture: String(config.architecture), tolerance });
}

/** Cases by their names. */
export type GoldenCases = ReadonlyMap<string, GoldenCase>;

/** The cases by their names. */
export function casesByName(cases: readonly GoldenCase[]): GoldenCases {
  return new Map(cases.map((golden) => [golden.id, golden]));
}

/** Reads the case of a name among these, as `testGoldens` takes it. It throws when there is none. */
export function readerOf(cases: GoldenCases): (id: string) => Promise<Golden> {
  return async (id) => {
    const golden = cases.get(id);
    if (golden === undefined) throw new Error(`there is no golden ${id}`);
    return goldenOfCase(golden);
  };
}

/** The case of this name. Throws when there is none. */
export async function goldenCalled(set: GoldenSet, group: string, name: string): Promise<Golden> {
  return readerOf(casesByName(goldenCases(set, group)))(name);
}
