/** The frame of the page: its head, its tabs, and the part that is open. */
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Draw } from './draw/draw.tsx';
import { change, page } from './state/store.ts';
import { PARTS, type Part } from './state/url.ts';
import { Banner } from './ui/banner.tsx';

const WORDS: Readonly<Record<Part, { readonly title: string; readonly summary: string }>> = {
  draw: { title: 'Draw', summary: 'Who sees whom, and what that costs' },
  race: { title: 'Race', summary: 'The same attention on every backend of this browser' },
  read: { title: 'Read', summary: 'A whole book through a model, in this tab' },
};

/** Parts whose code is loaded when they are opened. */
const LAZY = {
  race: async () => (await import('./race/race.tsx')).Race,
  read: async () => (await import('./read/read.tsx')).Read,
};

/** The page. */
export function App() {
  const { part } = page.value;
  return (
    <>
      <header class="page-head">
        <a class="brand" href="#draw">
          <img src="./icon.svg" alt="" width="28" height="28" />
          <span>
            @attn <span class="faint">playground</span>
          </span>
        </a>
        <Tabs part={part} />
      </header>
      <main id="main">
        <Banner />
        <Panel part="draw" open={part}>
          <Draw />
        </Panel>
        <Panel part="race" open={part}>
          <Lazy load={LAZY.race} isOpen={part === 'race'} />
        </Panel>
        <Panel part="read" open={part}>
          <Lazy load={LAZY.read} isOpen={part === 'read'} />
        </Panel>
      </main>
      <footer class="page-foot faint">
        Nothing leaves this browser: texts, files and figures stay here. Exact sparse attention whose cost
        follows the pattern, not n².
      </footer>
    </>
  );
}

function Tabs({ part: open }: { readonly part: Part }) {
  const move = (event: KeyboardEvent): void => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    const next = PARTS[(PARTS.indexOf(open) + step + PARTS.length) % PARTS.length];
    change({ part: next });
    document.getElementById(`tab-${next}`)?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label="Parts" onKeyDown={move}>
      {PARTS.map((part) => (
        <button
          key={part}
          type="button"
          role="tab"
          id={`tab-${part}`}
          aria-controls={`panel-${part}`}
          aria-selected={part === open}
          tabIndex={part === open ? 0 : -1}
          onClick={() => change({ part })}
        >
          {WORDS[part].title}
        </button>
      ))}
    </div>
  );
}

function Panel({
  part,
  open,
  children,
}: {
  readonly part: Part;
  readonly open: Part;
  readonly children: ComponentChildren;
}) {
  return (
    <section id={`panel-${part}`} role="tabpanel" aria-labelledby={`tab-${part}`} hidden={part !== open}>
      <h1>{WORDS[part].summary}</h1>
      {children}
    </section>
  );
}

interface LazyProps {
  readonly load: () => Promise<() => preact.JSX.Element>;
  readonly isOpen: boolean;
}

/** A part whose code comes when it is first open; it keeps its state when another one is open. */
function Lazy({ load, isOpen }: LazyProps) {
  const [Component, setComponent] = useState<() => preact.JSX.Element>();
  const [error, setError] = useState<string>();
  const isNeeded = isOpen && Component === undefined;
  useEffect(() => {
    if (isNeeded)
      load().then(
        (loaded) => setComponent(() => loaded),
        (cause: unknown) => setError(String(cause)),
      );
  }, [isNeeded, load]);
  if (Component !== undefined) return <Component />;
  return <p role="status">{error ?? 'Loading …'}</p>;
}
