/** A function under construction: named parameters and locals, and structured control flow. */
import {
  leb,
  toI32,
  tree,
  type Expression,
  type I32,
  type Instruction,
  type Local,
  type Tree,
  type ValueType,
} from './expression.ts';
import { i32 } from './instructions.ts';

/** A statement: an instruction without a value, or a block of statements. */
export type Statement =
  | { readonly kind: 'tree'; readonly tree: Tree<ValueType | 'void'> }
  | {
      readonly kind: 'block' | 'loop' | 'if';
      readonly condition?: Expression<'i32'>;
      readonly body: readonly Statement[];
      readonly otherwise?: readonly Statement[];
    };

/** The types of a function's parameters, by name. */
export type Parameters = Readonly<Record<string, ValueType>>;

/** The parameters of a function as local variables. */
export type Arguments<P extends Parameters> = { readonly [N in keyof P]: Local<P[N]> };

/** An expression, or a number for an integer. */
export type Value<T extends ValueType> = Expression<T> | (T extends 'i32' ? number : never);

function toExpression<T extends ValueType>(value: Value<T>): Expression<T>;
function toExpression(value: Expression<ValueType> | number): Expression<ValueType> {
  return typeof value === 'number' ? toI32(value) : value;
}

/** A function of a module, which other functions can call. */
export interface FunctionHandle<P extends Parameters> {
  readonly name: string;
  readonly index: number;
  readonly parameters: P;
}

/** Collects a function's locals and statements. Functions of kernels return nothing: they write to memory. */
export class FunctionBuilder {
  readonly name: string;
  readonly parameters: readonly Local<ValueType>[];
  readonly locals: Local<ValueType>[] = [];
  readonly body: Statement[] = [];
  private statements: Statement[] = this.body;
  private readonly names: Set<string>;

  constructor(name: string, parameters: Parameters) {
    this.name = name;
    this.parameters = Object.entries(parameters).map(([parameter, type], index) =>
      local(parameter, type, index),
    );
    this.names = new Set(Object.keys(parameters));
  }

  /** Declares a variable, which is zero at first. A name that exists gets a number. */
  local<T extends ValueType>(name: string, type: T): Local<T> {
    let unique = name;
    for (let i = 2; this.names.has(unique); i++) unique = `${name}_${i}`;
    this.names.add(unique);
    const variable = local(unique, type, this.parameters.length + this.locals.length);
    this.locals.push(variable);
    return variable;
  }

  /** Declares a variable with a value; a number makes an integer. */
  let<T extends ValueType = 'i32'>(name: string, value: Value<T>): Local<T> {
    const expression = toExpression(value);
    const variable = this.local(name, expression.type);
    this.push(setLocal(variable, expression));
    return variable;
  }

  /** Emits `variable = value`. */
  set<T extends ValueType>(variable: Local<T>, value: Value<T>): void {
    this.push(setLocal(variable, toExpression(value)));
  }

  /** Emits `variable += step`. */
  advance(variable: Local<'i32'>, step: I32): void {
    this.set(variable, i32.add(variable, step));
  }

  /** Emits stores, or other instructions without a value. */
  do(...statements: readonly Tree<'void'>[]): void {
    statements.forEach((statement) => this.push(statement));
  }

  /** Emits a call of a function of the module. */
  call<P extends Parameters>(
    { name, index, parameters }: FunctionHandle<P>,
    values: { readonly [N in keyof P]: P[N] extends 'i32' ? I32 : Expression<P[N]> },
  ): void {
    const operands = Object.keys(parameters).map((parameter) => {
      const value: I32 | Expression<ValueType> = values[parameter];
      return typeof value === 'number' ? toI32(value) : value;
    });
    this.push(
      tree('void', { name: 'call', immediates: `$${name}`, bytes: [0x10, ...leb(index)] }, ...operands),
    );
  }

  /** Emits `then` for the case that the condition is not 0, and `otherwise` for the case that it is 0. */
  if(condition: I32, then: () => void, otherwise?: () => void): void {
    const body = this.collect(then);
    this.statements.push({
      kind: 'if',
      condition: toI32(condition),
      body,
      otherwise: otherwise && this.collect(otherwise),
    });
  }

  /** Emits a loop that runs the body once, and again as long as the condition is not 0. */
  repeat(body: () => void, condition: () => I32): void {
    const statements = this.collect(() => {
      body();
      this.push(branchIf(0, toI32(condition())));
    });
    this.statements.push({ kind: 'loop', body: statements });
  }

  /**
   * Emits `for (; variable < end; variable += step) body`, unsigned; the variable keeps its
   * value at the start.
   */
  while(variable: Local<'i32'>, end: I32, step: I32, body: () => void): void {
    this.if(i32.ltU(variable, end), () => {
      this.repeat(
        () => {
          body();
          this.advance(variable, step);
        },
        () => i32.ltU(variable, end),
      );
    });
  }

  /** Emits `for (let variable = 0; variable < end; variable += step) body`, unsigned. */
  count(name: string, end: I32, step: I32, body: (variable: Local<'i32'>) => void): void {
    const variable = this.let(name, 0);
    this.while(variable, end, step, () => body(variable));
  }

  private push(statement: Tree<ValueType | 'void'>): void {
    this.statements.push({ kind: 'tree', tree: statement });
  }

  private collect(build: () => void): Statement[] {
    const outer = this.statements;
    const inner: Statement[] = [];
    this.statements = inner;
    build();
    this.statements = outer;
    return inner;
  }
}

function local<T extends ValueType>(name: string, type: T, index: number): Local<T> {
  const instruction: Instruction = {
    name: 'local.get',
    immediates: `$${name}`,
    bytes: [0x20, ...leb(index)],
  };
  return { type, name, index, instruction, operands: [] };
}

function setLocal<T extends ValueType>({ name, index }: Local<T>, value: Expression<T>): Tree<'void'> {
  return tree('void', { name: 'local.set', immediates: `$${name}`, bytes: [0x21, ...leb(index)] }, value);
}

function branchIf(depth: number, condition: Expression<'i32'>): Tree<'void'> {
  return tree('void', { name: 'br_if', immediates: String(depth), bytes: [0x0d, depth] }, condition);
}
