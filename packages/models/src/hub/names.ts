/** The forms of what people and the hub write: ids of models, revisions, commits, hashes. */
import { AttnError } from '@attn/core';
import { show } from '@attn/core/backend';

/** The place of the hub in errors. */
export const WHERE = 'models/hub';

const COMMIT = /^[0-9a-f]{40}$/;
const HASH = /^([0-9a-f]{40}|[0-9a-f]{64})$/;
const ID = /^[A-Za-z0-9_-][\w.-]*(\/[A-Za-z0-9_-][\w.-]*)?$/;
const PLAIN = /^\w[\w.-]*$/;
const REVISION = /^[A-Za-z0-9_-][\w.-]*(\/[A-Za-z0-9_-][\w.-]*)*$/;

/**
 * True for a text that may be the id of a model: `allenai/longformer-base-4096`. The hub allows no `--`,
 * which stands for the slash in names of folders.
 */
export function isHubId(text: string): boolean {
  return ID.test(text) && !text.includes('--');
}

/** True for a full commit: 40 hexadecimal digits. */
export function isCommit(value: unknown): value is string {
  return typeof value === 'string' && COMMIT.test(value);
}

/** True for the hash of a file: git's SHA-1, or the SHA-256 of a large file. */
export function isHash(value: unknown): value is string {
  return typeof value === 'string' && HASH.test(value);
}

/** True for the name of a file or a folder that points to no other folder. */
export function isPlainName(value: unknown): value is string {
  return typeof value === 'string' && PLAIN.test(value);
}

/** True for the path of a file of a model: a plain name, or one in a folder of a plain name. */
export function isModelPath(value: unknown): value is string {
  if (typeof value !== 'string') return false;
  const names = value.split('/');
  return names.length <= 2 && names.every(isPlainName);
}

/** Throws `INVALID_ARGUMENT` for anything but the id of a model. */
export function checkId(id: unknown): asserts id is string {
  if (typeof id === 'string' && isHubId(id)) return;
  throw new AttnError('INVALID_ARGUMENT', WHERE, `a model's id must be like org/name, got ${show(id)}`);
}

/** Throws `INVALID_ARGUMENT` for anything but a branch, a tag or a commit. */
export function checkRevision(revision: string): void {
  if (REVISION.test(revision)) return;
  const message = `a revision must be a branch, a tag or a commit, got ${show(revision)}`;
  throw new AttnError('INVALID_ARGUMENT', WHERE, message);
}

/** The error of an answer of the hub that breaks its own rules. */
export function malformed(message: string, options?: ErrorOptions): AttnError {
  return new AttnError('MALFORMED_FILE', WHERE, message, options);
}
