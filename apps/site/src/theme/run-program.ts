/** Runs a program in a frame of its own, which knows the packages by their names. */
import type { FrameMessage } from '../run/message.ts';

/**
 * Resolves when the program has ended. Rejects with what it threw.
 * @param frame address of the page of the frame
 * @param program JavaScript, a module
 * @param print gets each line that the program prints
 */
export function runProgram(frame: string, program: string, print: (line: string) => void): Promise<void> {
  const element = document.createElement('iframe');
  element.hidden = true;
  element.title = 'The program that runs';
  element.src = frame;
  const listening = new AbortController();
  return new Promise<void>((resolve, reject) => {
    const onMessage = ({ source, data }: MessageEvent<FrameMessage>): void => {
      if (source !== element.contentWindow) return;
      switch (data.kind) {
        case 'ready':
          return element.contentWindow?.postMessage(program, location.origin);
        case 'printed':
          return print(data.line);
        case 'ended':
          return resolve();
        case 'failed':
          return reject(new Error(data.reason));
        default:
          return data satisfies never;
      }
    };
    addEventListener('message', onMessage, { signal: listening.signal });
    document.body.append(element);
  }).finally(() => {
    listening.abort();
    element.remove();
  });
}
