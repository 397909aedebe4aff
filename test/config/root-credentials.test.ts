import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConfigurationError, loadSettings } from '../../src/config/load-settings.ts';

const load = (env: Record<string, string>, withDefaultRootCredentials = false) => loadSettings({ env, withDefaultRootCredentials });

describe('root credentials', () => {
  it('are left open when nothing names them', () => assert.equal(load({}).settings.rootCredentials, undefined));

  it('come from the environment, GALGO_ before IGGY_', () => {
    const env = { IGGY_ROOT_USERNAME: 'admin', IGGY_ROOT_PASSWORD: 'secret', GALGO_ROOT_PASSWORD: 'better' };
    assert.deepEqual(load(env).settings.rootCredentials, { username: 'admin', password: 'better', isDefault: false });
  });

  it('are iggy and iggy when the default is asked for', () => {
    const { settings, warnings } = load({}, true);
    assert.deepEqual(settings.rootCredentials, { username: 'iggy', password: 'iggy', isDefault: true });
    assert.deepEqual(warnings, []);
  });

  it('the default fills in what is missing', () => {
    assert.deepEqual(load({ GALGO_ROOT_PASSWORD: 'secret' }, true).settings.rootCredentials, {
      username: 'iggy',
      password: 'secret',
      isDefault: false,
    });
    assert.deepEqual(load({ GALGO_ROOT_USERNAME: 'admin' }, true).settings.rootCredentials, {
      username: 'admin',
      password: 'iggy',
      isDefault: false,
    });
  });

  it('the default gives way to both variables, with a warning', () => {
    const { settings, warnings } = load({ GALGO_ROOT_USERNAME: 'admin', GALGO_ROOT_PASSWORD: 'secret' }, true);
    assert.deepEqual(settings.rootCredentials, { username: 'admin', password: 'secret', isDefault: false });
    assert.match(warnings[0] ?? '', /--with-default-root-credentials is ignored/);
  });

  const refused: [string, Record<string, string>, RegExp][] = [
    ['a name alone', { GALGO_ROOT_USERNAME: 'admin' }, /GALGO_ROOT_USERNAME is set without GALGO_ROOT_PASSWORD/],
    ['a password alone', { IGGY_ROOT_PASSWORD: 'secret' }, /IGGY_ROOT_PASSWORD is set without GALGO_ROOT_USERNAME/],
    ['a short name', { GALGO_ROOT_USERNAME: 'ab', GALGO_ROOT_PASSWORD: 'secret' }, /GALGO_ROOT_USERNAME must have 3 to 50 bytes/],
    ['a long name', { GALGO_ROOT_USERNAME: 'é'.repeat(26), GALGO_ROOT_PASSWORD: 'secret' }, /GALGO_ROOT_USERNAME must have 3 to 50 bytes/],
    [
      'a long password',
      { GALGO_ROOT_USERNAME: 'admin', GALGO_ROOT_PASSWORD: 'x'.repeat(101) },
      /GALGO_ROOT_PASSWORD must have 3 to 100 bytes/,
    ],
  ];
  for (const [name, env, expected] of refused) {
    it(`${name} is refused`, () =>
      assert.throws(
        () => load(env),
        (error) => error instanceof ConfigurationError && expected.test(error.message) && !error.message.includes('secret'),
      ));
  }
});
