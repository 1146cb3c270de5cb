/**
 * The rules of the official ONNX checker (onnx/checker.cc) that apply to our models: static single
 * assignment across bodies, topological order, attributes with exactly the field of their type, initializers
 * with as many bytes as their shape needs, imported domains.
 */
import protobuf, { type onnx as Onnx } from 'onnx-proto';

const { ModelProto, AttributeProto, TensorProto } = protobuf.onnx;

/** The protobuf field that an attribute of each type uses. */
const FIELDS: Readonly<Record<number, keyof Onnx.IAttributeProto>> = {
  [AttributeProto.AttributeType.FLOAT]: 'f',
  [AttributeProto.AttributeType.INT]: 'i',
  [AttributeProto.AttributeType.STRING]: 's',
  [AttributeProto.AttributeType.GRAPH]: 'g',
  [AttributeProto.AttributeType.INTS]: 'ints',
};

/** `TensorProto.DataType.UINT4`, which the protobuf definitions in use may not name. */
const UINT4 = 21;

const BYTES: Readonly<Record<number, number>> = {
  [TensorProto.DataType.FLOAT]: 4,
  [TensorProto.DataType.FLOAT16]: 2,
  [TensorProto.DataType.BFLOAT16]: 2,
  [TensorProto.DataType.INT32]: 4,
  [TensorProto.DataType.UINT32]: 4,
  [TensorProto.DataType.INT64]: 8,
  [TensorProto.DataType.UINT8]: 1,
  [TensorProto.DataType.INT8]: 1,
  [TensorProto.DataType.DOUBLE]: 8,
  [UINT4]: 0.5,
  [TensorProto.DataType.BOOL]: 1,
};

/** Every violation in a model, one sentence each. */
export function modelProblems(bytes: Uint8Array): string[] {
  const model = ModelProto.decode(bytes);
  const problems: string[] = [];
  if (Number(model.irVersion) < 3) problems.push(`ir_version is ${String(model.irVersion)}`);
  const domains = new Set(model.opsetImport.map(({ domain }) => domain ?? ''));
  if (!domains.has('')) problems.push('there is no opset_import of the standard');
  if (domains.size !== model.opsetImport.length) problems.push('a domain is imported twice');
  if (model.graph) checkGraph(model.graph, new Set(), new Set(), domains, problems);
  else problems.push('there is no graph');
  return problems;
}

/**
 * Checks a graph and the bodies in it.
 * @param outer names of surrounding graphs, which this one can read
 * @param assigned every name of the model so far
 */
function checkGraph(
  graph: Onnx.IGraphProto,
  outer: ReadonlySet<string>,
  assigned: Set<string>,
  domains: ReadonlySet<string>,
  problems: string[],
): void {
  if (!graph.name) problems.push('a graph has no name');
  const visible = new Set(outer);
  const define = (name: string | null | undefined, what: string): void => {
    if (!name) return;
    if (assigned.has(name)) problems.push(`${what} ${name} is assigned twice`);
    assigned.add(name);
    visible.add(name);
  };
  for (const { name, type } of graph.input ?? []) {
    define(name, 'input');
    if (!type?.tensorType?.elemType) problems.push(`input ${name} has no element type`);
  }
  for (const { name, dataType, dims, rawData, externalData } of graph.initializer ?? []) {
    define(name, 'initializer');
    const width = BYTES[dataType ?? 0];
    const size = (dims ?? []).reduce<number>((product, extent) => product * Number(extent), width ?? NaN);
    const length = externalData?.find(({ key }) => key === 'length')?.value ?? rawData?.length ?? 0;
    if (Number(length) !== Math.ceil(size))
      problems.push(`${name} has ${length} bytes, its shape needs ${size}`);
  }
  for (const node of graph.node ?? []) {
    if (!node.opType) problems.push('a node has no op_type');
    if (!domains.has(node.domain ?? '')) problems.push(`domain ${node.domain} is not imported`);
    for (const name of node.input ?? []) {
      if (name !== '' && !visible.has(name)) problems.push(`${node.name} reads ${name} before it is made`);
    }
    const names = new Set<string>();
    for (const attribute of node.attribute ?? []) {
      if (names.has(attribute.name ?? '')) problems.push(`${node.name} has ${attribute.name} twice`);
      names.add(attribute.name ?? '');
      const field = FIELDS[attribute.type ?? 0];
      const fields = Object.values(FIELDS).filter((candidate) => {
        const value = Object.hasOwn(attribute, candidate) ? attribute[candidate] : undefined;
        return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== null;
      });
      if (fields.some((candidate) => candidate !== field))
        problems.push(`${node.name}: ${attribute.name} has ${fields.join()}`);
      if (attribute.g) checkGraph(attribute.g, visible, assigned, domains, problems);
    }
    for (const name of node.output ?? []) define(name, 'output of a node');
  }
  for (const { name } of graph.output ?? []) {
    if (!visible.has(name ?? '')) problems.push(`output ${name} is never made`);
  }
}
