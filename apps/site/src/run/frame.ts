/** In the frame: takes one program from the page around it, runs it, and tells what it prints. */
import { format } from 'node-inspect-extracted';
import type { FrameMessage } from './message.ts';

const tell = (message: FrameMessage): void => parent.postMessage(message, location.origin);

console.log = (...values: unknown[]) => tell({ kind: 'printed', line: format(...values) });

async function run(program: string): Promise<void> {
  const url = URL.createObjectURL(new Blob([program], { type: 'text/javascript' }));
  try {
    await import(/* @vite-ignore */ url);
    tell({ kind: 'ended' });
  } catch (error) {
    tell({ kind: 'failed', reason: error instanceof Error ? error.message : String(error) });
  }
}

addEventListener('message', ({ source, origin, data }: MessageEvent<string>) => {
  if (source === parent && origin === location.origin) void run(data);
});
tell({ kind: 'ready' });
