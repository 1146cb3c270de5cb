/** One line on stderr that is rewritten while something long runs, and gone when it is over. */

import type { OutputStream } from '../command.ts';

/** Shows how far a task is. */
export interface ProgressLine {
  /** `share` from 0 to 1, or undefined while it is not known. */
  update(task: string, share?: number): void;
  /** Wipes the line. */
  clear(): void;
}

const WIDTH = 24;

/** A progress line, or one that does nothing when `shown` is false. On a plain pipe each task is printed once. */
export function progressLine(shown: boolean, stderr: OutputStream): ProgressLine {
  if (!shown) return { update: () => {}, clear: () => {} };
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
