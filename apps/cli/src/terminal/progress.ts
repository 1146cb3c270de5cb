/** A line on stderr that is rewritten during long work, and wiped at its end. */

import type { OutputStream } from './streams.ts';

/** Shows the progress of a task. */
export interface ProgressLine {
  /** Rewrites the line. `share` is from 0 to 1, or undefined while it is unknown. */
  update(task: string, share?: number): void;
  /** Wipes the line. */
  clear(): void;
}

const WIDTH = 24;

/** Options of `progressLine`. */
interface ProgressOptions {
  readonly isShown: boolean;
  readonly stderr: OutputStream;
}

/**
 * Makes a progress line; without `isShown` it does nothing. If stderr
 * is not a terminal, each task is printed once.
 */
export function progressLine({ isShown, stderr }: ProgressOptions): ProgressLine {
  if (!isShown) return { update: () => {}, clear: () => {} };
  let last = '';
  return {
    update(task, share) {
      if (!stderr.isTTY) {
        if (task !== last) stderr.write(`${task}\n`);
        last = task;
        return;
      }
      const line =
        share === undefined
          ? task
          : `${bar(share)} ${String(Math.floor(share * 100)).padStart(3)} %  ${task}`;
      if (line !== last) stderr.write(`\r\x1b[K${line.slice(0, (stderr.columns || 80) - 1)}`);
      last = line;
    },
    clear() {
      if (stderr.isTTY && last !== '') stderr.write('\r\x1b[K');
      last = '';
    },
  };
}

function bar(share: number): string {
  const done = Math.round(Math.min(1, Math.max(0, share)) * WIDTH);
  return '█'.repeat(done) + '░'.repeat(WIDTH - done);
}
