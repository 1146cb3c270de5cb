import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { blockSparse } from './block-sparse.ts';
import { causal } from './causal.ts';
import { and, or } from './combinators.ts';
import { drawPattern } from './draw.ts';
import { failure } from './errors.testing.ts';
import { fixed } from './fixed.ts';
import { full } from './full.ts';
import { globalTokens } from './global-tokens.ts';
import { keyPadding } from './key-padding.ts';
import { definePattern } from './define-pattern.ts';
import type { Pattern } from './pattern.ts';
import { perHead } from './per-head.ts';
import { randomBlocks } from './random-blocks.ts';
import { segments } from './segments.ts';
import { sinks } from './sinks.ts';
import { slidingWindow } from './sliding-window.ts';
import { strided } from './strided.ts';
import { where } from './where.ts';

const longformer = or(slidingWindow({ before: 96, after: 96 }), globalTokens([0]));

describe('drawPattern', () => {
  it('shows what is all, partly and not visible', () => {
    expect(drawPattern(and(longformer, causal()), { n: 1024, size: 8 }).toTerminal()).toMatchInlineSnapshot(`
      "▒▒· · · · · · ·
      ▒▒▒▒· · · · · ·
      ▒▒▒▒▒▒· · · · ·
      ▒▒· ▒▒▒▒· · · ·
      ▒▒· · ▒▒▒▒· · ·
      ▒▒· · · ▒▒▒▒· ·
      ▒▒· · · · ▒▒▒▒·
      ▒▒· · · · · ▒▒▒▒"
    `);
  });

  it('looks closely when the sequence is short', () => {
    expect(drawPattern(longformer, { n: 6 }).cells.flat()).not.toContain('some');
  });

  it('asks about runs, never about all positions', () => {
    let asked = 0;
    const counting = definePattern({
      type: 'counting',
      allows: () => (asked++, true),
      classify: () => (asked++, 'some'),
    });
    drawPattern(counting, { n: 2 ** 20, size: 16 });
    expect(asked).toBe(256);
  });

  it('draws queries that continue a longer sequence of keys', () => {
    expect(drawPattern(causal(), { queryLength: 2, keyLength: 5 }).toTerminal()).toMatchInlineSnapshot(`
      "████████·
      ██████████"
    `);
    expect(drawPattern(causal(), { queryLength: 2, keyLength: 5, queryOffset: -1 }).toTerminal())
      .toMatchInlineSnapshot(`
      "· · · · ·
      ██· · · ·"
    `);
  });

  it('draws one head', () => {
    const heads = perHead([causal(), full()]);
    expect(drawPattern(heads, { n: 2, head: 1 }).cells).toEqual([
      ['all', 'all'],
      ['all', 'all'],
    ]);
  });

  it('writes an SVG with labelled axes', () => {
    expect(drawPattern(causal(), { n: 100, size: 2 }).toSvg()).toMatchInlineSnapshot(`
      "<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 408 424" role="img" aria-label="attention pattern causal">
      <rect width="408" height="424" fill="#ffffff"/>
      <rect x="64" y="56" width="320" height="320" fill="#f1f4f9"/>
      <g shape-rendering="crispEdges"><rect x="64" y="56" width="160" height="160" fill="#a9c8f5"/><rect x="64" y="216" width="160" height="160" fill="#2f6fdb"/><rect x="224" y="216" width="160" height="160" fill="#a9c8f5"/></g>
      <rect x="64" y="56" width="320" height="320" fill="none" stroke="#3c4657" stroke-opacity="0.35"/>
      <g font-family="system-ui, sans-serif" font-size="12" fill="#3c4657">
      <text x="224" y="28" text-anchor="middle">key position</text>
      <text x="64" y="48" text-anchor="start">0</text>
      <text x="384" y="48" text-anchor="end">99</text>
      <text x="20" y="216" text-anchor="middle" transform="rotate(-90 20 216)">query position</text>
      <text x="56" y="68" text-anchor="end">0</text>
      <text x="56" y="376" text-anchor="end">99</text>
      <rect x="64" y="396" width="12" height="12" rx="2" fill="#2f6fdb"/><text x="82" y="406" text-anchor="start">all</text>
      <rect x="136" y="396" width="12" height="12" rx="2" fill="#a9c8f5"/><text x="154" y="406" text-anchor="start">some</text>
      <rect x="208" y="396" width="12" height="12" rx="2" fill="#f1f4f9"/><text x="226" y="406" text-anchor="start">none</text>
      </g>
      </svg>"
    `);
  });

  it('refuses what cannot be drawn', () => {
    expect(failure(() => drawPattern(causal(), {}))).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] pattern: expected drawPattern's query length to be a positive integer, got undefined"`,
    );
    expect(failure(() => drawPattern(causal(), { n: 4, size: 0 }))).toMatchInlineSnapshot(
      `"INVALID_PATTERN [attn/core] pattern: expected drawPattern's size to be a positive integer of at most 512, got 0"`,
    );
  });
});

/** Draws a pattern as the docs of the patterns do. */
function asInDocumentation(cells: readonly (readonly string[])[]): string {
  return cells.map((row) => ` *     ${row.map((cell) => (cell === 'all' ? '■' : '·')).join(' ')}\n`).join('');
}

describe('the documentation of', () => {
  it.each([
    ['causal', causal(), 4],
    ['full', full(), 4],
    ['key-padding', and(keyPadding({ lengths: [3] })), 5, 3],
    ['sinks', sinks(2), 5, 3],
    ['segments', segments({ ids: [7, 7, 3, 3, 3] }), 5],
    ['strided', strided({ stride: 3 }), 7],
    ['fixed', fixed({ stride: 3, summary: 1 }), 7],
    [
      'block-sparse',
      blockSparse({
        blockSize: 2,
        layout: [
          [1, 0],
          [1, 1],
        ],
      }),
      4,
    ],
    ['random-blocks', randomBlocks({ length: 8, blockSize: 1, blocksPerRow: 1, seed: 0 }), 8],
    ['where', where(({ q, k }) => k.le(q).and(q.sub(k).mod(2).eq(0))), 5],
  ] satisfies [string, Pattern, number, number?][])(
    '%s draws it as it is',
    (file, pattern, keyLength, queryLength = keyLength) => {
      const source = readFileSync(new URL(`./${file}.ts`, import.meta.url), 'utf8');
      const { cells } = drawPattern(pattern, { queryLength, keyLength, queryOffset: 0 });
      expect(source).toContain(asInDocumentation(cells));
    },
  );

  it.each([
    [
      'sliding-window',
      slidingWindow({ before: 1, after: 1 }),
      slidingWindow({ before: 1, after: 1, dilation: 2 }),
      6,
    ],
    ['global-tokens', globalTokens([0, 2]), globalTokens({ indices: [0, 2], symmetric: false }), 5],
    ['per-head', causal(), slidingWindow({ before: 1, after: 0 }), 4],
  ] as const)('%s draws two side by side', (file, left, right, n) => {
    const source = readFileSync(new URL(`./${file}.ts`, import.meta.url), 'utf8');
    const row = (cells: readonly string[]): string =>
      cells.map((cell) => (cell === 'all' ? '■' : '·')).join(' ');
    const [a, b] = [drawPattern(left, { n }).cells, drawPattern(right, { n }).cells];
    for (const [r, cells] of a.entries()) expect(source).toMatch(new RegExp(`${row(cells)} +${row(b[r])}\n`));
  });
});
