/** What the environment says about the hub, as Hugging Face's libraries read it. An empty one is unset. */
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** The folder in which Hugging Face's libraries keep models: `HF_HUB_CACHE`, or `$HF_HOME/hub`. */
export function defaultCacheFolder(): string {
  return pathOf('HF_HUB_CACHE') ?? pathOf('HUGGINGFACE_HUB_CACHE') ?? join(homeFolder(), 'hub');
}

/** The hub of `HF_ENDPOINT`: a mirror, or a company's own. */
export function defaultHubUrl(): string | undefined {
  return valueOf('HF_ENDPOINT');
}

/**
 * The access token of `HF_TOKEN`, or of the file that `hf auth login` writes: `HF_TOKEN_PATH`, or
 * `$HF_HOME/token`. None where `HF_HUB_DISABLE_IMPLICIT_TOKEN` is set.
 */
export async function defaultAccessToken(): Promise<string | undefined> {
  if (isOn('HF_HUB_DISABLE_IMPLICIT_TOKEN')) return undefined;
  const token = valueOf('HF_TOKEN') ?? valueOf('HUGGING_FACE_HUB_TOKEN');
  if (token !== undefined) return token;
  const file = pathOf('HF_TOKEN_PATH') ?? join(homeFolder(), 'token');
  return (await readFile(file, 'utf8').catch(() => '')).trim() || undefined;
}

/** Whether `HF_HUB_OFFLINE` or `TRANSFORMERS_OFFLINE` forbids requests. */
export function isOffline(): boolean {
  return isOn('HF_HUB_OFFLINE') || isOn('TRANSFORMERS_OFFLINE');
}

/** Whether `DISABLE_SAFETENSORS_CONVERSION` forbids to look for conversions. */
export function hasConversions(): boolean {
  return !isOn('DISABLE_SAFETENSORS_CONVERSION');
}

function homeFolder(): string {
  return pathOf('HF_HOME') ?? join(pathOf('XDG_CACHE_HOME') ?? join(homedir(), '.cache'), 'huggingface');
}

function isOn(name: string): boolean {
  return ['1', 'true', 'yes', 'on'].includes(valueOf(name)?.toLowerCase() ?? '');
}

/** A folder or a file. The home directory may be written as `~`. */
function pathOf(name: string): string | undefined {
  return valueOf(name)?.replace(/^~(?=$|[/\\])/, homedir());
}

function valueOf(name: string): string | undefined {
  return process.env[name]?.trim() || undefined;
}
