/** Faults of the cache folder: a full disk, a folder that cannot be written. Each is one sentence. */
import { AttnError } from '@attn/core';
import { WHERE } from '../names.ts';

/**
 * Does something with files of the cache. Errors of the file system become `INVALID_ARGUMENT`, which names
 * the folder and the option.
 */
export async function onDisk<T>(folder: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    throw cause instanceof AttnError ? cause : cacheError(folder, cause);
  }
}

/** The code of an error of the file system: `ENOENT`. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

function cacheError(folder: string, cause: unknown): AttnError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const message = `${faultOf(codeOf(cause), folder)}: pass another folder as the option cacheFolder or in HF_HUB_CACHE (${reason})`;
  return new AttnError('INVALID_ARGUMENT', WHERE, message, { cause });
}

function faultOf(code: string | undefined, folder: string): string {
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return `the disk of the cache folder ${folder} is full`;
    case 'EROFS':
    case 'EACCES':
    case 'EPERM':
      return `the cache folder ${folder} cannot be written`;
    case 'ENOTDIR':
    case 'EEXIST':
      return `the cache folder ${folder} must be a folder`;
    default:
      return `the cache folder ${folder} cannot be used`;
  }
}
