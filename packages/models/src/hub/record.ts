/** Records of what the hub said a commit consists of. They lie in caches, where anybody may write. */
import type { SnapshotRecord } from './copies.ts';
import { isCommit, isHash, isModelPath, isPlainName } from './names.ts';

/** The record in a text; undefined when it makes no sense. */
export function parseRecord(text: string): SnapshotRecord | undefined {
  try {
    const json: unknown = JSON.parse(text);
    return isRecord(json) ? json : undefined;
  } catch {
    return undefined;
  }
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
  return isCommit(commit) && isModelPath(path) && Number.isSafeInteger(size) && isHash(hash);
}

function isPlan(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { file, commit, revision } = value;
  const isPullRequest = typeof revision === 'string' && /^refs\/pr\/\d+$/.test(revision);
  return isPlainName(file) && isCommit(commit) && (revision === undefined || isPullRequest);
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}
