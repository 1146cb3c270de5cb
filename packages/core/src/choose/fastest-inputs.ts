/** How layers of codes read their inputs where nobody says it. */
import type { ExactActivationForm } from '../quantize/activations.ts';
import type { ProbedBackend } from './candidates.ts';

/**
 * The form that is fastest on the backends which may run a graph: on the named one, or on all that are
 * available. Where they differ, inputs stay as they are. It depends on nothing that is measured at run time.
 */
export function fastestInputs(
  backends: readonly ProbedBackend[],
  name: string | undefined,
): ExactActivationForm {
  const forms = new Set(
    backends
      .filter(({ backend, probe }) => (name === undefined ? probe.available : backend.name === name))
      .flatMap(({ backend }) => backend.fastestInputs ?? []),
  );
  const [form = 'float'] = forms;
  return forms.size > 1 ? 'float' : form;
}
