/**
 * What the hub said about the files of a commit that a model needs, kept beside the cached files: so it is
 * known without a question whether a copy is whole, and which pull request its weights come from.
 */
import { readFile } from 'node:fs/promises';
import type { HubFile } from './client.ts';
import type { ModelCache } from './model-cache.ts';
import { isCommit, isHash } from './names.ts';
import type { WeightsPlan } from './plan-files.ts';

/** A file of a record. The weights may be of another commit than the files beside them. */
export interface RecordedFile extends HubFile {
  readonly commit: string;
}

/** All files that a model needs. */
export interface SnapshotRecord {
  readonly files: readonly RecordedFile[];
  /** Absent when only the files beside the weights are wanted. */
  readonly weights?: WeightsPlan;
}

/** The record of a commit; undefined when there is none that makes sense. */
export async function readRecord(cache: ModelCache, commit: string): Promise<SnapshotRecord | undefined> {
  try {
    const json: unknown = JSON.parse(await readFile(cache.record(commit), 'utf8'));
    return isRecord(json) ? json : undefined;
  } catch {
    return undefined;
  }
}

/** Writes the record of a commit. Errors: `INVALID_ARGUMENT` (the cache folder). */
export async function writeRecord(cache: ModelCache, commit: string, record: SnapshotRecord): Promise<void> {
  await cache.write(cache.record(commit), JSON.stringify(record, undefined, 2));
}

type Fields = Readonly<Partial<Record<string, unknown>>>;

function isRecord(value: unknown): value is SnapshotRecord {
  if (!isObject(value)) return false;
  const { files, weights } = value;
  return Array.isArray(files) && files.every(isFile) && (weights === undefined || isPlan(weights));
}

function isFile(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { commit, path, size, hash } = value;
  return isCommit(commit) && isPlain(path) && Number.isSafeInteger(size) && isHash(hash);
}

function isPlan(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { file, commit, revision } = value;
  const isPullRequest = typeof revision === 'string' && /^refs\/pr\/\d+$/.test(revision);
  return isPlain(file) && isCommit(commit) && (revision === undefined || isPullRequest);
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}

/** True for a name that points to no other folder. */
function isPlain(value: unknown): boolean {
  return typeof value === 'string' && /^\w[\w.-]*$/.test(value);
}
