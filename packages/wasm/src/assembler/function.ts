/** One function under construction: named parameters and locals, and structured control flow. */
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

/** What a statement is: an expression without a value, or a block of statements. */
export type Statement =
  | { readonly kind: 'tree'; readonly tree: Tree<ValueType | 'void'> }
  | {
      readonly kind: 'block' | 'loop' | 'if';
      readonly condition?: Expression<'i32'>;
      readonly body: readonly Statement[];
      readonly otherwise?: readonly Statement[];
    };

/** Parameters by name. */
export type Parameters = Readonly<Record<string, ValueType>>;

/** The parameters as locals. */
export type Arguments<P extends Parameters> = { readonly [N in keyof P]: Local<P[N]> };

/** An expression, or a number for an integer. */
export type Value<T extends ValueType> = Expression<T> | (T extends 'i32' ? number : never);

function toExpression<T extends ValueType>(value: Value<T>): Expression<T>;
function toExpression(value: Expression<ValueType> | number): Expression<ValueType> {
  return typeof value === 'number' ? toI32(value) : value;
}

/** A function of a module that others may call. */
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

  /** A new variable; zero at first. A name that is taken gets a number. */
  local<T extends ValueType>(name: string, type: T): Local<T> {
    let unique = name;
    for (let i = 2; this.names.has(unique); i++) unique = `${name}_${i}`;
    this.names.add(unique);
    const made = local(unique, type, this.parameters.length + this.locals.length);
    this.locals.push(made);
    return made;
  }

  /** A new variable with a value; a number makes an integer. */
  let<T extends ValueType = 'i32'>(name: string, value: Value<T>): Local<T> {
    const expression = toExpression(value);
    const made = this.local(name, expression.type);
    this.push(setLocal(made, expression));
    return made;
  }

  /** `variable = value`. */
  set<T extends ValueType>(variable: Local<T>, value: Value<T>): void {
    this.push(setLocal(variable, toExpression(value)));
  }

  /** `variable += step`. */
  advance(variable: Local<'i32'>, step: I32): void {
    this.set(variable, i32.add(variable, step));
  }

  /** A store, or any other instruction without a value. */
  do(...statements: readonly Tree<'void'>[]): void {
    statements.forEach((statement) => this.push(statement));
  }

  /** Calls a function of the module. */
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

  /** Statements for when the condition is not 0, and for when it is. */
  if(condition: I32, then: () => void, otherwise?: () => void): void {
    const body = this.collect(then);
    this.statements.push({
      kind: 'if',
      condition: toI32(condition),
      body,
      otherwise: otherwise && this.collect(otherwise),
    });
  }

  /** Runs the body once, and again as long as the condition is not 0. */
  repeat(body: () => void, condition: () => I32): void {
    const statements = this.collect(() => {
      body();
      this.push(branchIf(0, toI32(condition())));
    });
    this.statements.push({ kind: 'loop', body: statements });
  }

  /** `for (variable; variable < end; variable += step) body`, unsigned; the variable starts as it is. */
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

  /** `for (variable = 0; …)`: counts a new variable from 0 to `end`. */
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
