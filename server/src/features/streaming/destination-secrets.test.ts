import { DeliveryError, destinationKinds } from '@merlon/destinations';
import { describe, expect, it } from 'vitest';
import { isSecretName } from '../../http/without-secrets.ts';
import { parted } from '../../secrets/sealed-settings.ts';
import { failureOf } from './delivery-failure.ts';

describe.each(destinationKinds.map((kind) => [kind.name, kind] as const))(
  'the secrets of %s',
  (_name, kind) => {
    it('are members of its settings, and go by names that the trail leaves out', () => {
      for (const secret of kind.secrets) {
        expect(Object.keys(kind.settings.properties), secret).toContain(secret);
        expect(isSecretName(secret), secret).toBe(true);
      }
    });

    it('are parted from what may be shown', () => {
      const settings = Object.fromEntries(Object.keys(kind.settings.properties).map((name) => [name, name]));
      const { open, secret } = parted(kind, settings);
      expect(Object.keys(secret).sort()).toEqual([...kind.secrets].sort());
      expect({ ...open, ...secret }).toEqual(settings);
    });
  },
);

describe('what is said of a failure', () => {
  const destination = {
    kind: 'azureStorage',
    settings: {
      connectionString: 'AccountName=merlon;AccountKey=c2VjcmV0LWtleS1vZi1tZXJsb24=;X=y',
      account: 'merlon',
    },
  };
  it('holds no secret, nor a part of one, in the words of a client library either', () => {
    const said = (error: unknown) => failureOf(error, destination, ['connectionString']);
    expect(
      said(new Error(`bad key c2VjcmV0LWtleS1vZi1tZXJsb24= in ${destination.settings.connectionString}`)),
    ).toEqual({
      fault: 'unreachable',
      message: expect.not.stringContaining('c2VjcmV0'),
      retryAfterMs: null,
    });
    expect(said(new DeliveryError('throttled', 'later', { retryAfterMs: 5 }))).toEqual({
      fault: 'throttled',
      message: 'later',
      retryAfterMs: 5,
    });
    expect(said(new Error('x'.repeat(5_000))).message.length).toBeLessThan(600);
  });
});
