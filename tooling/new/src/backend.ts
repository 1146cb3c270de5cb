/**
 * A new backend: a package of its own with one kernel, which passes the conformance suite, and its line in
 * `@attn/auto`. Its manifest is that of the cpu backend under another name, so that it cannot go stale
 * here.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Name } from './name.ts';
import { addLines, editJson, type Scaffold } from './scaffold.ts';

const index = ({ camel, kebab, pascal }: Name): string => `\
/**
 * @attn/${kebab}: TODO where it runs and what makes it fast.
 *
 * To read on: \`kernels.ts\` lists the ops.
 */
import { type Backend, type Graph } from '@attn/core';
import { compileGraph, defineBackend, HostStates, inputSpecs, ops, type NodeOf, type OpName } from '@attn/core/backend';
import { kernels } from './kernels.ts';

/** Options of \`${camel}\`. */
export interface ${pascal}Options {
  /**
   * Fill every output with NaN before its kernel runs, to prove that kernels overwrite all of it. For
   * tests.
   */
  readonly poison?: boolean;
}

/** Makes the ${kebab} backend. TODO threads, precision, dtypes. */
export function ${camel}({ poison = false }: ${pascal}Options = {}): Backend {
  const states = new HostStates('${kebab}');
  return defineBackend('${kebab}', {
    probe: () => ({ available: true, summary: 'TODO what was found on this machine', features: {} }),
    supports: ({ op }) => ops[op].isView || kernels[op] !== undefined || \`there is no ${kebab} kernel for \${op}\`,
    // TODO measure: milliseconds on this machine, by the part \`speed\`.
    estimate: (graph) => graph.nodes.reduce((total, node) => total + nodeFlops(graph, node) / 1e6, 0),
    compile: (graph) => compileGraph(graph, { backend: '${kebab}', kernels, poison, states }),
    createState: (specs) => states.createState(specs),
    dispose: () => states.dispose(),
  });
}

function nodeFlops<K extends OpName>(graph: Graph, node: NodeOf<K>): number {
  return ops[node.op].flops(inputSpecs(graph, node), node.attributes);
}
`;

const kernels = `\
/**
 * The kernels by op: a new kernel is a file here and a line in this table. An op that has none yet is
 * computed by its definition in core, slowly but rightly, so that the conformance suite is green from the
 * first day on.
 */
import { OP_NAMES, type KernelCall, type KernelTable, type OpName } from '@attn/core/backend';
import { fromReference, references, toReference } from '@attn/core/reference';
import { relu } from './relu.ts';

export const kernels: KernelTable = {
  ...Object.fromEntries(OP_NAMES.map((op) => [op, byDefinition])),
  relu,
};

/** TODO remove when every op has its kernel. */
function byDefinition<K extends OpName>({ node, inputs, outputs, attributes }: KernelCall<K>): void {
  const operands = Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [name, toReference(tensor)]));
  const results = references[node.op](operands, attributes);
  outputs.forEach((out, index) => out.data.set(fromReference(results[index], out.dtype).data));
}
`;

const relu = `\
/** max(x, 0); NaN stays NaN. The smallest kernel there is. */
import type { Kernel } from '@attn/core/backend';

export const relu: Kernel<'relu'> = ({ inputs: { x }, outputs: [out] }) => {
  // Half floats are stored as their bits: above 0x7fff is the sign, above 0xfc00 are NaNs.
  const isNegative = x.dtype === 'f16' ? (bits: number) => bits > 0x7fff && bits <= 0xfc00 : (value: number) => value < 0;
  for (let i = 0; i < x.data.length; i++) out.data[i] = isNegative(x.data[i]) ? 0 : x.data[i];
};
`;

const test = ({ camel }: Name): string => `\
import { describeConformance } from '@attn/conformance/vitest';
import { ${camel} } from './index.ts';

describeConformance(() => ${camel}({ poison: true }));
`;

interface Manifest {
  name: string;
  description: string;
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
  peerDependencies: Record<string, string>;
  peerDependenciesMeta: Record<string, { optional: boolean }>;
}
interface References {
  references: { path: string }[];
}

const sorted = <T>(entries: Record<string, T>): Record<string, T> =>
  Object.fromEntries(Object.entries(entries).toSorted(([a], [b]) => (a < b ? -1 : 1)));

/** The cpu backend's package.json under another name, with core as its only dependency. */
function manifest({ kebab }: Name, root: string): string {
  const content: Manifest = JSON.parse(readFileSync(join(root, 'packages/cpu/package.json'), 'utf8'));
  content.name = `@attn/${kebab}`;
  content.description = `The ${kebab} backend of @attn: TODO`;
  content.dependencies = { '@attn/core': content.dependencies['@attn/core'] };
  return `${JSON.stringify(content, null, 2)}\n`;
}

/** Files and touch points of the backend `name`. */
export function backend(name: Name, root: string): Scaffold {
  const { camel, kebab } = name;
  const folder = `packages/${kebab}`;
  const same = ['tsconfig.json', 'tsconfig.test.json', 'vitest.config.ts'];
  const copies = same.map((file) => [
    `${folder}/${file}`,
    readFileSync(join(root, 'packages/cpu', file), 'utf8'),
  ]);
  return {
    files: {
      ...Object.fromEntries(copies),
      [`${folder}/package.json`]: manifest(name, root),
      [`${folder}/src/index.ts`]: index(name),
      [`${folder}/src/kernels.ts`]: kernels,
      [`${folder}/src/relu.ts`]: relu,
      [`${folder}/src/conformance.test.ts`]: test(name),
    },
    changes: [
      addLines('packages/auto/src/index.ts', /^ {2}'\w+', \/\/ /, `  '${kebab}', // TODO what makes it fast`),
      addLines(
        'packages/auto/src/index.ts',
        /^ {8}return backendOf\(/,
        `      case '${kebab}':`,
        `        return backendOf((await import('@attn/${kebab}')).${camel}, {});`,
      ),
      editJson<Manifest>('packages/auto/package.json', (auto) => {
        auto.devDependencies = sorted({ ...auto.devDependencies, [`@attn/${kebab}`]: 'workspace:^' });
        auto.peerDependencies = sorted({ ...auto.peerDependencies, [`@attn/${kebab}`]: 'workspace:^' });
        auto.peerDependenciesMeta = sorted({
          ...auto.peerDependenciesMeta,
          [`@attn/${kebab}`]: { optional: true },
        });
      }),
      editJson<References>('packages/auto/tsconfig.json', ({ references }) => {
        references.push({ path: `../${kebab}` });
      }),
      editJson<References>('tsconfig.json', ({ references }) => {
        references.push({ path: folder });
      }),
      editJson<{ fixed: string[][] }>('.changeset/config.json', ({ fixed }) => {
        fixed[0].push(`@attn/${kebab}`);
      }),
    ],
    next: [
      'npm run pnpm -- install',
      `${folder}/src/index.ts: probe what the machine has, and estimate by a measurement`,
      `${folder}/src: a kernel per op, one file and one line in kernels.ts, until none is computed by its definition`,
      'packages/auto/src/index.ts: move its name to where it belongs in the order of preference',
      `apps/cli/src/backends.ts: its name in BACKENDS, unless it is there; apps/cli/package.json: a dependency on @attn/${kebab}`,
      `${folder}/README.md; its line in docs/backends.md, packages/auto/README.md and docs/internals/architecture.md`,
      'a suite in apps/bench/src/suites, so that it has figures',
      'npm run check; npm run changeset',
    ],
  };
}
