/** Controls with a label, a hint and an error, joined for screen readers. */
import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

interface Common {
  readonly label: string;
  readonly hint?: string;
  readonly error?: string;
}

interface TextProps extends Common {
  readonly value: string;
  readonly onInput: (value: string) => void;
  /** A number of lines makes an area of several lines. */
  readonly lines?: number;
  readonly isNumber?: boolean;
  readonly isCode?: boolean;
  readonly placeholder?: string;
  readonly list?: readonly string[];
}

/** A text on one or several lines. */
export function TextField({
  label,
  hint,
  error,
  value,
  onInput,
  lines,
  isNumber,
  isCode,
  placeholder,
  list,
}: TextProps) {
  const id = useId();
  const shared = {
    id,
    value,
    placeholder,
    class: isCode === true ? 'code' : undefined,
    spellcheck: false,
    autocomplete: 'off',
    'aria-invalid': error !== undefined,
    'aria-describedby': `${id}-note`,
    onInput: (event: { readonly currentTarget: { readonly value: string } }) =>
      onInput(event.currentTarget.value),
  } as const;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {lines === undefined ? (
        <input
          {...shared}
          type="text"
          inputMode={isNumber === true ? 'numeric' : undefined}
          list={list && `${id}-list`}
        />
      ) : (
        <textarea {...shared} rows={lines} />
      )}
      {list && (
        <datalist id={`${id}-list`}>
          {list.map((entry) => (
            <option key={entry} value={entry} />
          ))}
        </datalist>
      )}
      <Note id={`${id}-note`} hint={hint} error={error} />
    </div>
  );
}

function Note({ id, hint, error }: { readonly id: string; readonly hint?: string; readonly error?: string }) {
  if (error !== undefined)
    return (
      <p id={id} class="note error" role="alert">
        {error}
      </p>
    );
  return hint === undefined ? (
    <span id={id} hidden />
  ) : (
    <p id={id} class="note">
      {hint}
    </p>
  );
}

interface SelectProps extends Common {
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly children: ComponentChildren;
  /** Whether the label is for screen readers only. */
  readonly isBare?: boolean;
}

/** A choice out of several. */
export function Select({ label, hint, error, value, onChange, children, isBare }: SelectProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id} class={isBare === true ? 'unseen' : undefined}>
        {label}
      </label>
      <select
        id={id}
        value={value}
        aria-describedby={`${id}-note`}
        onChange={(event) => onChange(event.currentTarget.value)}
      >
        {children}
      </select>
      <Note id={`${id}-note`} hint={hint} error={error} />
    </div>
  );
}

/** A check box. */
export function Check({
  label,
  isOn,
  onChange,
}: {
  readonly label: string;
  readonly isOn: boolean;
  readonly onChange: (isOn: boolean) => void;
}) {
  return (
    <label class="check">
      <input type="checkbox" checked={isOn} onChange={(event) => onChange(event.currentTarget.checked)} />
      <span>{label}</span>
    </label>
  );
}
