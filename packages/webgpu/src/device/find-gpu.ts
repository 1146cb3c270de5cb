/** Finds WebGPU on this host: the browser's or Deno's own, or Dawn's from the npm package `webgpu`. */
import { AttnError } from '@attn/core';
import { nodeProcess } from '@attn/core/backend';

/** WebGPU on this host. */
export interface HostGpu {
  readonly gpu: GPU;
  /** What messages call it: `WebGPU of this host`, or `Dawn`. */
  readonly title: string;
}

/** The object that Dawn's `create` returned. It stays referenced, because Node exits when it is collected. */
let dawn: Promise<GPU> | undefined;

/** The host's own WebGPU. Undefined where it has none. */
export function ownGpu(): GPU | undefined {
  return (globalThis as { readonly navigator?: { readonly gpu?: GPU } }).navigator?.gpu;
}

/** Finds WebGPU. Errors: `BACKEND_UNAVAILABLE`, with what would help. */
export async function findGpu(): Promise<HostGpu> {
  const host = globalThis as { readonly process?: object };
  const own = ownGpu();
  if (own !== undefined) return { gpu: own, title: 'WebGPU of this host' };
  if (host.process === undefined) {
    throw unavailable(
      'this browser has no WebGPU; it needs a secure context (https or localhost) and a recent browser',
    );
  }
  dawn ??= loadDawn();
  return { gpu: await dawn, title: 'Dawn' };
}

async function loadDawn(): Promise<GPU> {
  const missing = missingVulkan();
  if (missing !== undefined) throw unavailable(missing);
  try {
    // The name is in a variable, so that bundlers for browsers do not look for the package.
    const name = 'webgpu';
    const { create, globals } = (await import(
      /* webpackIgnore: true */ /* turbopackIgnore: true */ /* @vite-ignore */ name
    )) as {
      create(options: readonly string[]): GPU;
      readonly globals: Readonly<Record<string, unknown>>;
    };
    for (const [key, value] of Object.entries(globals)) {
      if (!(key in globalThis))
        Object.defineProperty(globalThis, key, { value, configurable: true, writable: true });
    }
    return create(dawnFlags());
  } catch (cause) {
    dawn = undefined;
    const { code, message } = cause as { readonly code?: string; readonly message?: string };
    throw unavailable(
      code === 'ERR_MODULE_NOT_FOUND'
        ? 'the package webgpu is not installed; npm install webgpu'
        : `the package webgpu could not be loaded: ${message ?? String(cause)}`,
      cause,
    );
  }
}

/** Flags of Dawn's `create`: the words of the variable ATTN_DAWN_FLAGS, such as `adapter=NVIDIA`. */
function dawnFlags(): readonly string[] {
  const flags = nodeProcess()?.env?.['ATTN_DAWN_FLAGS'] ?? '';
  return flags.split(' ').filter((flag) => flag !== '');
}

/** Where Linux distributions have shared libraries. */
const LIBRARY_FOLDERS = [
  '/usr/lib',
  '/usr/lib64',
  '/lib',
  '/lib64',
  '/usr/local/lib',
  '/usr/lib/x86_64-linux-gnu',
  '/usr/lib/aarch64-linux-gnu',
];

/**
 * What to install on a Linux without Vulkan. Dawn would notice, too, but would print complaints to the
 * terminal.
 */
function missingVulkan(): string | undefined {
  const { platform, env, getBuiltinModule } = process;
  if (platform !== 'linux' || getBuiltinModule === undefined) return undefined;
  if (env.VK_DRIVER_FILES !== undefined || env.VK_ICD_FILENAMES !== undefined) return undefined;
  const { existsSync } = getBuiltinModule('node:fs');
  const folders = [
    ...(env.LD_LIBRARY_PATH ?? '').split(':').filter((folder) => folder !== ''),
    ...LIBRARY_FOLDERS,
  ];
  if (folders.some((folder) => existsSync(`${folder}/libvulkan.so.1`))) return undefined;
  return 'this Linux has no Vulkan loader (libvulkan.so.1); install it and a driver for the GPU, e.g. apt install libvulkan1 mesa-vulkan-drivers';
}

/** The error of a host without a device. */
export function unavailable(reason: string, cause?: unknown): AttnError {
  return new AttnError('BACKEND_UNAVAILABLE', 'webgpu/probe', reason, { cause });
}
