/**
 * The public functions of core. Values of a graph and patterns are made by their own functions and taken
 * whole.
 */
import * as user from '@attn/core';
import * as backend from '@attn/core/backend';
import * as reference from '@attn/core/reference';
import { referenceBackend } from '../reference-backend.ts';
import type { FunctionTable, FunctionTrial } from './check-function.ts';
import {
  attnMethod,
  building,
  composing,
  pointwiseRows,
  q,
  stateMethod,
  stateSpecs,
  untried,
} from './core-trials.ts';
import { describeFunctions } from './describe-functions.ts';

const core = { ...user, ...backend };
const { f32, i32, bool, GraphBuilder, causal, full } = core;

const KERNEL = 'is called for each element, row or tile of a call that core has checked';
const BACKEND = 'is for backends, on graphs, nodes and tensors that core has checked';
const FORMULA = 'is checked with the formulas of `where`';

const angles = (b: user.GraphBuilder) => [0, 1].map((angle) => b.constant(f32([1], [angle])));
const codes = (b: user.GraphBuilder) => ({
  codes: b.constant(core.tensor('u8', [2, 1, 2], Uint8Array.of(1, 2, 3, 4))),
  scales: b.constant(f32([2, 1], [1, 2])),
});
const qkv = () => ({ q: q(), k: q(), v: q() });
const scored = () => ({ score: core.score(['table', 't', 'k']), tables: { t: f32([2], [1, 2]) } });
const call = () => ({ ...qkv(), ...scored(), pattern: causal(), scale: 1, layout: 'bhnd', returnLse: true });
const linformerCall = () => ({ ...qkv(), projection: 'meanPool', projectedLength: 2, scale: 1 });
const lshCall = () => ({ q: q(), v: q(), chunkLength: 2, rounds: 2, seed: 1, preset: 'hf', wrap: true });

const graph = (): user.Graph => core.attention(qkv()).graph;

/** A function that makes a call, tried as far as its graph. */
function calling(make: (params: never) => user.Call<object>, args: FunctionTrial['args']): FunctionTrial {
  return { call: (params: never) => make(params).graph, args, options: [0], depth: 3 };
}

/** Methods, by type: at run time private ones look like the others. */
type Methods = `GraphBuilder.${keyof user.GraphBuilder}` | `Attn.${string & keyof user.Attn}`;

const table: FunctionTable & Readonly<Record<Methods, FunctionTrial>> = {
  // Errors, options and tensors.
  AttnError: 'is made by the packages themselves',

  show: { args: () => [{ a: [1] }] },
  throwIfAborted: BACKEND,
  onHostTimers: BACKEND,
  ordinaryMemory: BACKEND,
  repeatFor: BACKEND,
  isPlausible: BACKEND,
  plausible: BACKEND,
  withCallbacks: BACKEND,
  withRunOptions: BACKEND,
  checkRunOutputs: BACKEND,
  intoOutputs: BACKEND,
  checkArgument: BACKEND,
  defineBackend: BACKEND,
  checkOptions: BACKEND,
  readEntries: BACKEND,
  ...untried(BACKEND, 'required', 'integer', 'oneOf', 'listOf', 'either', 'fields'),
  ...untried(BACKEND, 'nearestName', 'unknownName'),
  allocate: { args: () => ['f32', 4] },
  byteLengthOf: BACKEND,
  bytesPerElement: { args: () => ['f16'] },
  checkTensor: { call: (value: never) => core.checkTensor(value, 'test'), args: () => [q()] },
  contiguous: { args: () => [{ ...q(), strides: [8, 8, 1, 4] }] },
  contiguousStrides: BACKEND,
  f32: { args: () => [[2], [1, 2]] },
  i32: { args: () => [[2], [1, 2]] },
  bool: { args: () => [[2], [true, 0]] },
  sizeOf: BACKEND,
  storageOver: BACKEND,
  tensor: { args: () => ['u8', [2], Uint8Array.of(1, 2)] },
  zeros: { args: () => ['f32', [2, 2]] },
  typedArrayName: { args: () => [new Uint8Array(1)] },
  isList: { args: () => [[1]] },
  isMap: { args: () => [new Map()] },
  dataIdentity: BACKEND,
  inMemory: BACKEND,
  isLazy: { args: () => [q()] },
  lazyTensor: { args: () => [{ dtype: 'f32', shape: [2] }, () => new Float32Array(2)] },
  float32ToHalf: { args: () => [[1, 2]] },
  halfToFloat32: { args: () => [Uint16Array.of(1, 2)] },
  halfToNumber: KERNEL,
  numberToHalf: KERNEL,

  // Codes.
  quantizeMatrix: { args: () => [f32([2, 2], [1, 2, 3, 4]), { bits: 8, block: 2 }], options: [1] },
  ...untried(BACKEND, 'quantizedEmbedding', 'blockBytes', 'blocksOf', 'codesShape', 'scalesShape'),
  ...untried(BACKEND, 'rowBlock', 'zeroPointsShape', 'CodeReader', 'CodeWriter', 'halfFormat', 'HalfWriter'),
  ...untried(KERNEL, 'codeAt', 'greatestOf', 'middleOf', 'nearestHalf', 'quantizeRow'),

  // Patterns.
  full: { args: () => [] },
  causal: { args: () => [] },
  slidingWindow: { args: () => [{ before: 1, after: 1, dilation: [1, 2] }], options: [0] },
  globalTokens: { args: () => [{ indices: [0, 2], symmetric: true }], options: [0] },
  keyPadding: { args: () => [{ lengths: [1, 2] }], options: [0] },
  segments: { args: () => [{ ids: [0, 0, 1] }], options: [0] },
  sinks: { args: () => [2] },
  strided: { args: () => [{ stride: 2 }], options: [0] },
  fixed: { args: () => [{ stride: 4, summary: 1 }], options: [0] },
  randomBlocks: {
    args: () => [{ length: 64, blockSize: 8, blocksPerRow: 1, seed: 1, heads: 'shared' }],
    options: [0],
  },
  blockSparse: {
    args: () => [
      {
        blockSize: 2,
        layout: [
          [1, 0],
          [1, 1],
        ],
      },
    ],
    options: [0],
  },
  and: { args: () => [causal(), full()] },
  or: { args: () => [causal(), full()] },
  not: { args: () => [causal()] },
  perHead: { args: () => [[causal(), full()]] },
  where: FORMULA,
  score: { args: () => [['add', 's', ['sub', 'q', 'k']]] },
  BoolExpression: FORMULA,
  IntExpression: FORMULA,
  definePattern: {
    args: () => [
      { type: 'mine', options: {}, key: 'mine@1', allows: () => true, classify: () => 'all', inputs: [] },
    ],
    options: [0],
  },
  drawPattern: { args: () => [causal(), { n: 16, batch: 0, head: 0, size: 4 }], options: [1] },
  patternFromJson: { args: () => [{ type: 'or', of: [{ type: 'sinks', count: 1 }, { type: 'causal' }] }] },
  withGlobalMask: { args: () => [causal()] },
  last: KERNEL,
  mod: KERNEL,
  mulberry32: KERNEL,

  // Plans.
  sumStats: BACKEND,
  ChunkPlan: BACKEND,
  planAttention: {
    args: () => [
      { batch: 1, heads: 1, queryLength: 4, keyLength: 4, queryOffset: 0 },
      causal(),
      { separateGlobals: false },
    ],
    options: [2],
  },
  partsOf: {
    args: () => [{ batch: 1, heads: 1, queryLength: 4, keyLength: 4, queryOffset: 0 }, causal()],
  },
  planSteps: {
    call: (...args: never[]) => [...(core.planSteps as (...all: never[]) => Iterable<unknown>)(...args)],
    args: () => [{ batch: 1, heads: 1, queryLength: 4, keyLength: 4, queryOffset: 0 }, causal(), {}],
  },
  PlanCache: {
    call: (options: never) => new core.PlanCache(options),
    args: () => [{ capacity: 4, maxBytes: 1e6 }],
    options: [0],
  },
  ...untried(BACKEND, 'planBytes', 'planObstacle', 'planTensors', 'planValues', 'finish', 'finishPolitely'),
  ...untried(KERNEL, 'maskAllows', 'countTiles', 'forEachSpan', 'forEachTile'),

  // Ops.
  ...untried(BACKEND, 'broadcastStrides', 'offsetAt', 'unaryFunction', 'recordOf'),
  erf: KERNEL,
  checkIndices: BACKEND,
  ...untried(BACKEND, 'ScoreCompiler', 'tableInput', 'tablesOf'),
  ...untried(KERNEL, 'placeInTable', 'scoreFunction'),
  ...untried(
    KERNEL,
    'partKey',
    'partsByDistance',
    'sumByDistance',
    'scoreDependsOn',
    'scoreOperands',
    'someScorePart',
  ),
  attentionProblem: BACKEND,
  inBhnd: BACKEND,
  kvHeadOf: KERNEL,
  rowStrides: BACKEND,
  batchRows: BACKEND,
  effectivePattern: BACKEND,
  patternData: BACKEND,
  mergeStates: {
    args: () => [[{ out: q(), lse: f32([1, 1, 4], [1, 2, 3, 4]) }], { layout: 'bhnd' }],
    options: [1],
    depth: 4,
  },
  concatOperands: BACKEND,
  lshHashProblem: BACKEND,
  lshProblem: BACKEND,
  lshPairs: BACKEND,
  matmulSizes: BACKEND,

  // Systems.
  buildLsh: composing(
    core.buildLsh,
    (x, _w, builder) => [builder, { q: x, v: x }, { chunkLength: 2, seed: 1 }],
    [1, 2],
  ),
  buildLocalChunks: composing(
    core.buildLocalChunks,
    (x, _w, builder) => [builder, { q: x, k: x, v: x }, { chunkLength: 2, wrap: true }],
    [1, 2],
  ),
  buildLinformer: composing(
    core.buildLinformer,
    (x, _w, builder) => [builder, { q: x, k: x, v: x }, { projection: 'meanPool', projectedLength: 2 }],
    [1, 2],
  ),
  buildLinformerProjection: composing(
    core.buildLinformerProjection,
    (x, w, builder) => {
      const flat = builder.reshape(x, [1, 4, 2]);
      return [
        builder,
        { x: flat, keyWeight: w, valueWeight: w },
        { keyHeads: 1, projection: 'meanPool', projectedLength: 2 },
      ];
    },
    [1, 2],
  ),
  localChunks: {
    args: () => [8, { chunkLength: 2, chunksBefore: 1, wrap: true, causal: false }],
    options: [1],
  },

  // Graphs.
  GraphBuilder: { call: () => new GraphBuilder(), args: () => [] },
  'GraphBuilder.input': building('input', () => ['y', { dtype: 'f32', shape: [2] }]),
  'GraphBuilder.state': building('state', () => ['y', { dtype: 'f32', shape: [2] }]),
  'GraphBuilder.constant': building('constant', () => [f32([2], [1, 2]), 'weights']),
  'GraphBuilder.node': building('node', (x) => ['softmax', { x }, { axis: -1 }], [1, 2]),
  'GraphBuilder.attention': building(
    'attention',
    (x, _w, builder) => [
      { q: x, k: x, v: x, sinks: builder.constant(f32([1], [1])) },
      { pattern: full(), scale: 1, softcap: 2 },
    ],
    [0, 1],
  ),
  'GraphBuilder.lshAttention': building(
    'lshAttention',
    (x, _w, builder) => [
      { q: x, v: x, order: builder.constant(i32([1, 1, 1, 4], [0, 1, 2, 3])) },
      { chunkLength: 2, wrap: true },
    ],
    [0, 1],
  ),
  'GraphBuilder.lshHash': building(
    'lshHash',
    (x, _w, builder) => [
      { x, rotations: builder.constant(f32([2, 1, 1], [1, 2])) },
      { buckets: [2], layout: 'bhnd' },
    ],
    [0, 1],
  ),
  'GraphBuilder.argsort': building('argsort', (_x, _w, builder) => [builder.constant(i32([2], [2, 1]))]),
  'GraphBuilder.linear': building('linear', (x, w) => [x, w, undefined, { activation: 'relu' }], [3]),
  'GraphBuilder.quantizedLinear': building(
    'quantizedLinear',
    (x, _w, builder) => [x, codes(builder), undefined, { bits: 8, block: 2, inputs: 'int12' }],
    [3],
  ),
  'GraphBuilder.matmul': building('matmul', (x, w) => [x, w, { transposeB: true }], [2]),
  'GraphBuilder.layerNorm': building('layerNorm', (x) => [x, { eps: 1e-5 }], [1]),
  'GraphBuilder.rmsNorm': building('rmsNorm', (x) => [x, { eps: 1e-5 }], [1]),
  'GraphBuilder.rotary': building('rotary', (x, _w, b) => [x, ...angles(b), { interleaved: true }], [3]),
  ...pointwiseRows,
  'GraphBuilder.gelu': building('gelu', (x) => [x, { approximate: 'tanh' }], [1]),
  'GraphBuilder.softmax': building('softmax', (x) => [x, -1]),
  'GraphBuilder.reduce': building('reduce', (x) => [x, -1, 'sum']),
  'GraphBuilder.mask': building('mask', (x, _w, builder) => [x, builder.constant(bool([1], [1]))]),
  'GraphBuilder.topK': building('topK', (x) => [x, 1]),
  'GraphBuilder.argmax': building('argmax', (x) => [x]),
  'GraphBuilder.expertLinear': building('expertLinear', (x, _w, builder) => [
    x,
    builder.constant(i32([1, 1, 4, 1], [0, 1, 1, 0])),
    builder.constant(f32([2, 2, 1], [1, 2, 3, 4])),
  ]),
  'GraphBuilder.embedding': building('embedding', (_x, w, builder) => [
    builder.constant(i32([2], [0, 1])),
    w,
  ]),
  'GraphBuilder.quantizedEmbedding': building(
    'quantizedEmbedding',
    (_x, _w, builder) => [builder.constant(i32([2], [0, 1])), codes(builder), { bits: 8, block: 2, dim: 2 }],
    [2],
  ),
  'GraphBuilder.gather': building('gather', (x, _w, builder) => [x, builder.constant(i32([2], [0, 1])), 2]),
  'GraphBuilder.writeRows': building('writeRows', (x, _w, b) => [x, x, b.constant(i32([1], [0])), 2]),
  'GraphBuilder.reshape': building('reshape', (x) => [x, [8]]),
  'GraphBuilder.transpose': building('transpose', (x) => [x, [0, 1, 3, 2]]),
  'GraphBuilder.slice': building('slice', (x) => [x, [0, 0, 0, 0], [1, 1, 2, 2]]),
  'GraphBuilder.concat': building('concat', (x) => [[x, x], 2]),
  'GraphBuilder.build': building('build', (x) => [{ x }]),
  inputSpecs: BACKEND,
  storageOf: BACKEND,
  elementsWritten: BACKEND,
  withoutState: BACKEND,
  States: BACKEND,
  HostStates: BACKEND,
  withHostState: BACKEND,
  namedInputs: BACKEND,
  planMemory: BACKEND,
  rowBlocks: BACKEND,
  blockShape: BACKEND,
  partOf: BACKEND,
  supportsGraph: {
    call: (value: never) => core.supportsGraph(referenceBackend(), value),
    args: () => [graph()],
  },
  compileGraph: BACKEND,
  checkGraph: { args: () => [graph()] },
  checkGraphData: BACKEND,
  checkNodeData: BACKEND,
  createPause: BACKEND,
  eventLoopTurn: BACKEND,
  RunQueue: BACKEND,
  untilAborted: BACKEND,
  notify: BACKEND,
  throttleProgress: BACKEND,
  checkRunInputs: {
    call: (inputs: never) => core.checkRunInputs(graph(), inputs),
    args: () => [qkv()],
    options: [0],
    depth: 3,
  },
  argsort: BACKEND,
  byExpert: BACKEND,
  topK: BACKEND,
  inChunks: BACKEND,
  forEachRow: KERNEL,

  // Selection.
  attention: calling(core.attention, () => [call()]),
  linformer: calling(core.linformer, () => [linformerCall()]),
  lsh: calling(core.lsh, () => [lshCall()]),
  defineCall: 'takes a definition, whose function is tried in the tests of calls',
  createAttn: {
    args: () => [{ backends: [referenceBackend()], backend: 'reference', tune: 'measure', cache: false }],
    options: [0],
    depth: 1,
    after: (attn) => (attn as user.Attn).dispose(),
  },
  'Attn.attention': attnMethod(
    'attention',
    () => [call(), { backend: 'reference', onProgress: () => {} }],
    [0, 1],
  ),
  'Attn.run': attnMethod('run', () => [graph(), qkv(), { backend: 'reference' }], [1, 2]),
  'Attn.compile': attnMethod('compile', () => [graph(), { backend: 'reference' }], [1]),
  'Attn.createState': attnMethod('createState', () => [stateSpecs(), { backend: 'reference' }], [1]),
  'State.read': stateMethod('read', () => ['keys']),
  'State.write': stateMethod('write', () => ['keys', f32([2, 1], [1, 2])]),
  'State.reorder': stateMethod('reorder', () => [[1, 0], ['keys']]),
  'State.fork': stateMethod('fork', () => []),
  'State.resize': stateMethod('resize', () => ['keys', [2, 3]]),
  'State.dispose': stateMethod('dispose', () => []),
  'Attn.release': attnMethod('release', () => [graph()]),
  'Attn.probe': attnMethod('probe', () => []),
  'Attn.reprobe': attnMethod('reprobe', () => []),
  'Attn.calibrate': attnMethod('calibrate', () => [{}], [0]),
  'Attn.explain': attnMethod('explain', () => [graph()]),
  'Attn.fastestInputs': attnMethod('fastestInputs', () => []),
  'Attn.on': attnMethod('on', () => ['choice', () => {}]),
  'Attn.dispose': attnMethod('dispose', () => []),
  leastTime: BACKEND,
  workClock: BACKEND,
  debug: BACKEND,
  debugLevel: { args: () => [] },
  LruMap: BACKEND,
  builtin: BACKEND,
  nodeProcess: { args: () => [] },
  textLines: BACKEND,
  ...untried(BACKEND, 'toWire', 'fromWire'),

  // The float64 references.
  attentionReference: BACKEND,
  attentionReferenceRows: BACKEND,
  lshReferenceRows: BACKEND,
  evaluateReference: { args: () => [graph(), { q: q(), k: q(), v: q() }], options: [1], depth: 3 },
  fromReference: BACKEND,
  toReference: { args: () => [q()] },
};

describeFunctions([user, backend, reference], table);
