/** The controls of a pattern: a card for each part of it. */
import { Check, Select, TextField } from '../ui/field.tsx';
import type { Field } from '../pattern/kind.ts';
import { KINDS, kindOf } from '../pattern/kinds.ts';
import { removePart, replacePart, type PatternNode } from '../pattern/node.ts';
import { patternJson } from '../pattern/write.ts';
import { FieldError } from '../pattern/kind.ts';

interface EditorProps {
  readonly node: PatternNode;
  readonly n: number;
  readonly onChange: (node: PatternNode) => void;
  /** Absent for the whole pattern. */
  readonly onRemove?: () => void;
  /** The place among the parts, for screen readers. */
  readonly name: string;
}

const isCombined = (type: string): boolean => kindOf(type).parts !== undefined;
const TYPES = [...KINDS];
const SIMPLE = TYPES.filter(([type]) => !isCombined(type));
const COMBINED = TYPES.filter(([type]) => isCombined(type));

const begin = (type: string): PatternNode => ({ type, values: {}, parts: [] });

/** The node with another type: parts stay where there is room, a simple pattern becomes the first part. */
function retype(node: PatternNode, type: string): PatternNode {
  const { parts } = kindOf(type);
  if (parts === undefined) return begin(type);
  const children = isCombined(node.type) ? node.parts : [node];
  return { ...begin(type), parts: children.slice(0, parts.most) };
}

/** The first control whose text cannot be read, and why. */
function problemOf(node: PatternNode, n: number): FieldError | undefined {
  if (isCombined(node.type)) return undefined;
  try {
    patternJson(node, n);
    return undefined;
  } catch (error) {
    if (error instanceof FieldError) return error;
    throw error;
  }
}

/** The card of a pattern. */
export function PatternEditor({ node, n, onChange, onRemove, name }: EditorProps) {
  const kind = kindOf(node.type);
  const problem = problemOf(node, n);
  const set = (field: string, text: string): void =>
    onChange({ ...node, values: { ...node.values, [field]: text } });
  const most = kind.parts?.most ?? 0;
  return (
    <fieldset class={isCombined(node.type) ? 'node combined' : 'node'}>
      <legend class="unseen">{`${name}: ${kind.title}`}</legend>
      <div class="node-head">
        <Select
          isBare
          label={`Kind of ${name}`}
          value={node.type}
          onChange={(type) => onChange(retype(node, type))}
        >
          <optgroup label="Patterns">
            {SIMPLE.map(([type, { title }]) => (
              <option key={type} value={type}>
                {title}
              </option>
            ))}
          </optgroup>
          <optgroup label="Combinations">
            {COMBINED.map(([type, { title }]) => (
              <option key={type} value={type}>
                {title}
              </option>
            ))}
          </optgroup>
        </Select>
        {onRemove && (
          <button type="button" class="quiet" aria-label={`Remove ${name}`} onClick={onRemove}>
            ✕
          </button>
        )}
      </div>
      <p class="note">{kind.summary}</p>
      {kind.fields.length > 0 && (
        <div class="fields">
          {kind.fields.map((field) => (
            <Control
              key={field.name}
              field={field}
              text={node.values[field.name] ?? field.initial}
              error={problem?.field === field.name ? problem.message : undefined}
              onInput={(text) => set(field.name, text)}
            />
          ))}
        </div>
      )}
      {node.parts.map((part, index) => (
        <PatternEditor
          // oxlint-disable-next-line react/no-array-index-key -- a part has no name but its place
          key={index}
          node={part}
          n={n}
          name={`${name === 'the pattern' ? '' : `${name}, `}part ${index + 1}`}
          onChange={(changed) => onChange(replacePart(node, index, changed))}
          onRemove={node.parts.length > 1 ? () => onChange(removePart(node, index)) : undefined}
        />
      ))}
      {node.parts.length < most && (
        <button
          type="button"
          class="add"
          onClick={() => onChange({ ...node, parts: [...node.parts, begin('slidingWindow')] })}
        >
          Add a part
        </button>
      )}
    </fieldset>
  );
}

interface ControlProps {
  readonly field: Field;
  readonly text: string;
  readonly error?: string;
  readonly onInput: (text: string) => void;
}

/** The control of one option. */
function Control({ field, text, error, onInput }: ControlProps) {
  const { label, hint, kind, choices = [] } = field;
  switch (kind) {
    case 'yes-no':
      return <Check label={label} isOn={text === 'yes'} onChange={(isOn) => onInput(isOn ? 'yes' : '')} />;
    case 'choice':
      return (
        <Select label={label} hint={hint} value={text} onChange={onInput}>
          {choices.map((choice) => (
            <option key={choice}>{choice}</option>
          ))}
        </Select>
      );
    case 'formula':
      return (
        <TextField label={label} hint={hint} error={error} value={text} onInput={onInput} lines={2} isCode />
      );
    case 'rows':
      return (
        <TextField label={label} hint={hint} error={error} value={text} onInput={onInput} lines={6} isCode />
      );
    case 'integer':
      return <TextField label={label} hint={hint} error={error} value={text} onInput={onInput} isNumber />;
    case 'integers':
    case 'lengths':
      return <TextField label={label} hint={hint} error={error} value={text} onInput={onInput} />;
    default:
      return kind satisfies never;
  }
}
