/**
 * Copies of models on this machine: what a place that keeps them does, be it a folder or the cache of a
 * browser, and what is known of a copy.
 */
import type { FileStore } from '../files/file-store.ts';
import type { HubClientOptions, HubFile } from './client.ts';
import { WEIGHT_NAMES, type WeightsPlan } from './plan-files.ts';

/** Which files a caller needs. */
export interface Needs {
  /** Whether the weights are needed. */
  readonly weights: boolean;
  /** Whether the weights may be those that the hub's bot converted. */
  readonly conversions: boolean;
}

/** A file that a model needs. The weights may be of another commit than the files beside them. */
export interface RecordedFile extends HubFile {
  readonly commit: string;
}

/** All files that a model needs, as the hub described them. */
export interface SnapshotRecord {
  readonly files: readonly RecordedFile[];
  /** Absent when only the files beside the weights are wanted. */
  readonly weights?: WeightsPlan;
}

/** A copy of a commit. */
export interface Snapshot {
  readonly commit: string;
  /** Where the weights are, as far as they are here. */
  readonly weights?: WeightsPlan;
  /** Files without which the model cannot be loaded. */
  readonly missing: readonly string[];
  /** All files of the hub's own list are here, and have their lengths. */
  readonly isWhole: boolean;
  /** Nothing seems to be missing: here are also files of a tokenizer. */
  readonly seemsWhole: boolean;
}

/** How far a download has come, in bytes of all files. */
export interface DownloadProgress {
  /** The file that is being downloaded. */
  readonly file: string;
  readonly done: number;
  readonly total: number;
}

/** How the hub is asked, and who is told. */
export interface Access extends HubClientOptions {
  readonly onDownload?: (progress: DownloadProgress) => void;
}

/** The copies of one model in a place that keeps them. */
export interface Copies {
  /** The model. */
  readonly id: string;
  /** The place, for messages: `the cache /home/ann/.cache/huggingface/hub`. */
  readonly place: string;
  /** The commit that a revision had when it was last asked for. */
  commitOf(revision: string): Promise<string | undefined>;
  /** Remembers the commit of a revision, where the place can be written. */
  rememberRevision(revision: string, commit: string): Promise<void>;
  /** The copy of a commit; undefined when there is none. */
  find(commit: string | undefined, needs: Needs): Promise<Snapshot | undefined>;
  /** Whether a file is here with all its bytes. */
  has(file: RecordedFile): Promise<boolean>;
  /** Says that files are about to come, of so many bytes in all. Errors: those of the place. */
  prepare?(bytes: number): Promise<void>;
  /** Brings a file here, if it is not. Errors: those of a download. */
  bring(file: RecordedFile, access: Access, onBytes: (done: number) => void): Promise<void>;
  /** Remembers what a commit consists of, where the place can be written. */
  remember(commit: string, record: SnapshotRecord): Promise<void>;
  /** The files of one commit. */
  files(commit: string): FileStore;
}

/** Names of a model's weights, and of indices of their shards. Those of its modules lie in folders. */
const WEIGHTS = /^[^/]+\.(safetensors|bin)(\.index\.json)?$/;

/** A store of the files of a copy. Its weights may be of another commit. */
export function snapshotStore(copies: Copies, { commit, weights }: Snapshot): FileStore {
  return joinedStore(copies.files(commit), weights, (commit) => copies.files(commit));
}

/** A store of a model's files, with the weights of another commit where a plan says so. */
export function joinedStore(
  store: FileStore,
  weights: WeightsPlan | undefined,
  filesOf: (commit: string) => FileStore,
): FileStore {
  return weights?.revision === undefined
    ? store
    : withWeights(store, filesOf(weights.commit), weights.revision);
}

/** A store of a model's files, with the weights of another store, which are of another revision. */
export function withWeights(store: FileStore, conversion: FileStore, revision: string): FileStore {
  const storeOf = (file: string): FileStore => (WEIGHTS.test(file) ? conversion : store);
  const folder = conversion.place?.folder;
  return {
    name: store.name,
    place:
      store.place && folder !== undefined ? { ...store.place, weights: { folder, revision } } : undefined,
    has: (file) => storeOf(file).has(file),
    bytes: (file, limit) => storeOf(file).bytes(file, limit),
    tensors: (file) => storeOf(file).tensors(file),
    whyAbsent: (file) => storeOf(file).whyAbsent?.(file),
    revisionOf: (file) => (WEIGHTS.test(file) ? revision : undefined),
  };
}

/** Whether a record has what is needed. */
export function fits({ weights }: SnapshotRecord, needs: Needs): boolean {
  if (!needs.weights) return true;
  return weights !== undefined && (needs.conversions || weights.revision === undefined);
}

/** The name under which weights are missed where nothing else is known. */
export const PREFERRED_WEIGHTS: string = WEIGHT_NAMES[0];
