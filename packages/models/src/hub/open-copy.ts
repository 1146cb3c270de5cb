/** The files of a model of the hub, by way of the copies that a place keeps. */
import { AttnError } from '@attn/core';
import { IDLE_TIMEOUT } from '@attn/safetensors';
import type { FileStore } from '../files/file-store.ts';
import { HubClient, type HubRevision } from './client.ts';
import { snapshotStore, type Access, type Copies, type Needs, type Snapshot } from './copies.ts';
import { fetchModel } from './fetch-model.ts';
import { isCommit, WHERE } from './names.ts';

/** Which copy is meant, and how the hub is asked for it. */
export interface CopyRequest extends Needs {
  /** Branch, tag or commit. */
  readonly revision: string;
  /** Use only the copies, without any request. */
  readonly offline: boolean;
  /** How the hub is asked. It is looked up only when the hub has to be. */
  readonly access: () => Promise<Access> | Access;
  readonly onWarning: (message: string) => void;
}

/** Longest wait for an answer when there is a copy, and for a busy hub, in milliseconds. */
const SHORT_TIMEOUT = 10_000;
const SHORT_PAUSE = 2_000;

/**
 * The files of a model. Those that the place lacks are downloaded into it; a full commit that is there asks
 * nobody; when the hub cannot be reached, the copy is used, with a warning. Errors: those of `hubStore`.
 */
export async function openCopy(copies: Copies, request: CopyRequest): Promise<FileStore> {
  const { revision, weights, conversions, onWarning } = request;
  const needs = { weights, conversions };
  const cached = await copies.find(await copies.commitOf(revision), needs);
  const isWhole = cached?.isWhole === true || cached?.seemsWhole === true;
  if (cached !== undefined && isWhole && isCommit(revision)) return snapshotStore(copies, cached);
  if (request.offline) return snapshotStore(copies, usable(copies, revision, cached));

  const access = await request.access();
  const copy = cached?.missing.length === 0 ? cached : undefined;
  let remote: HubRevision;
  try {
    const { idleTimeout = IDLE_TIMEOUT } = access;
    const short = { idleTimeout: Math.min(idleTimeout, SHORT_TIMEOUT), longestPause: SHORT_PAUSE };
    const client = new HubClient({ ...access, ...(copy !== undefined && short) });
    remote = await client.revision(copies.id, revision);
  } catch (error) {
    if (copy === undefined || !isSilence(error)) throw error;
    const message = `the cached copy of ${copies.id}, commit ${copy.commit.slice(0, 12)}, is used, as ${error.sentence}`;
    onWarning(warning(message));
    return snapshotStore(copies, copy);
  }

  const latest = await copies.find(remote.commit, needs);
  const snapshot = latest?.isWhole ? latest : await fetchModel(copies, remote, needs, access);
  await copies.rememberRevision(revision, remote.commit);
  return snapshotStore(copies, snapshot);
}

/** A warning as callers get it. */
export function warning(message: string): string {
  return `[attn/${WHERE.replace('/', '] ')}: ${message}`;
}

/** True when the hub did not answer, or something else answered in its place. */
function isSilence(error: unknown): error is AttnError {
  return error instanceof AttnError && (error.code === 'TIMEOUT' || error.code === 'MALFORMED_FILE');
}

/** The copy, if nothing is missing. Errors: `FILE_NOT_FOUND`. */
function usable({ id, place }: Copies, revision: string, copy: Snapshot | undefined): Snapshot {
  if (copy?.missing.length === 0) return copy;
  const what = `${id} at ${revision}`;
  const message =
    copy === undefined
      ? `offline, and ${what} is not in ${place}`
      : `offline, and ${what} in ${place} lacks ${copy.missing.join(', ')}`;
  throw new AttnError('FILE_NOT_FOUND', WHERE, message);
}
