// Dialogs: a form of a few fields, and a confirmation that wants the name typed. What the server refuses is shown inside, and the dialog stays.

import { button, type Child, element, errorNote } from './dom.ts';

interface Field {
  readonly label: string;
  readonly properties: Partial<Pick<HTMLInputElement, 'type' | 'min' | 'max' | 'value' | 'required' | 'maxLength' | 'autocomplete'>>;
}

/** Asks for the fields; `submit` gets their values by name. Its rejection is shown. */
export function askFor<Name extends string>(
  title: string,
  action: string,
  fields: Readonly<Record<Name, Field>>,
  submit: (values: Record<Name, string>) => Promise<void>,
): void {
  const inputs = Object.entries<Field>(fields).map(([name, { label, properties }]) => ({
    name,
    label,
    input: element('input', { ...properties, name }),
  }));
  const rows = inputs.map(({ label, input }) => element('label', {}, label, input));
  openDialog(title, action, '', rows, () =>
    submit(Object.fromEntries(inputs.map(({ name, input }) => [name, input.value])) as Record<Name, string>),
  );
}

/** Asks whether `what` is meant, which `name` must be typed for. */
export function askToConfirm(title: string, action: string, what: string, name: string, act: () => Promise<void>): void {
  const input = element('input', { required: true, autocomplete: 'off' });
  const check = () => input.setCustomValidity(input.value === name ? '' : `Type ${name}`);
  input.oninput = check;
  check();
  const typed = element('label', {}, element('span', {}, 'To confirm, type ', element('strong', {}, name)), input);
  openDialog(title, action, 'danger', [element('p', {}, what), typed], act);
}

function openDialog(title: string, action: string, actionClass: string, content: readonly Child[], submit: () => Promise<void>): void {
  const failure = element('div');
  const confirmation = element('button', { type: 'submit', className: actionClass }, action);
  const heading = element('h2', { id: 'dialog-title' }, title);
  const form = element('form', {}, heading, ...content, failure);
  const dialog = element('dialog', { onclose: () => dialog.remove() }, form);
  dialog.setAttribute('aria-labelledby', heading.id);
  form.append(
    element(
      'div',
      { className: 'actions' },
      button('Cancel', () => dialog.close()),
      confirmation,
    ),
  );
  form.onsubmit = async (event) => {
    event.preventDefault();
    confirmation.disabled = true;
    try {
      await submit();
      dialog.close();
    } catch (error) {
      failure.replaceChildren(errorNote((error as Error).message));
    } finally {
      confirmation.disabled = false;
    }
  };
  document.body.append(dialog);
  dialog.showModal();
}
