/**
 * Peaks of GPUs, from data sheets: f32 multiply–adds without matrix units, and memory bandwidth.
 */

/** Operations and bytes a second. */
export interface Peaks {
  readonly flops: number;
  readonly bytes: number;
}

const PEAKS: readonly (readonly [name: RegExp, peaks: Peaks])[] = [
  [/H200/i, { flops: 67e12, bytes: 4.8e12 }],
  [/H100/i, { flops: 67e12, bytes: 3.35e12 }],
  [/A100/i, { flops: 19.5e12, bytes: 2.0e12 }],
  [/\bL40S/i, { flops: 91.6e12, bytes: 0.864e12 }],
  [/\bL4\b/i, { flops: 30.3e12, bytes: 0.3e12 }],
  [/RTX 4090/i, { flops: 82.6e12, bytes: 1.01e12 }],
];

/** The peaks of an adapter; undefined when it is not listed here. */
export function peaksOf(adapter: string): Peaks | undefined {
  return PEAKS.find(([name]) => name.test(adapter))?.[1];
}
