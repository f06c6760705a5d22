import { expect, it } from 'vitest';
import { classify, RedisError } from '../../src/redis/errors.ts';

/** Texts of Node 20 and OpenSSL 3 in front of Redis 7.0. */
it.each([
  ['SELF_SIGNED_CERT_IN_CHAIN self-signed certificate in certificate chain', '(tls: ca)'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE unable to verify the first certificate', '(tls: ca)'],
  [
    "ERR_TLS_CERT_ALTNAME_INVALID Hostname/IP does not match certificate's altnames: Host: other.test. is not in the cert's altnames: DNS:redis.test",
    '(tls: servername)',
  ],
  ['CERT_HAS_EXPIRED certificate has expired', 'its certificate has expired'],
  [
    'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED 807C:error:0A00045C:SSL routines:ssl3_read_bytes:tlsv13 alert certificate required:../deps/openssl',
    'wants a certificate of ours',
  ],
  [
    'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE 807C:error:0A000410:SSL routines:ssl3_read_bytes:sslv3 alert handshake failure:../deps/openssl',
    'wants a certificate of ours',
  ],
  [
    'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA 807C:error:0A000418:SSL routines:ssl3_read_bytes:tlsv1 alert unknown ca:../deps/openssl',
    'does not trust our certificate',
  ],
  ['ERR_OSSL_UNSUPPORTED error:1E08010C:DECODER routines::unsupported', 'our certificate or key cannot be used'],
  [
    'ERR_OSSL_X509_KEY_VALUES_MISMATCH error:05800074:x509 certificate routines::key values mismatch',
    'our certificate or key cannot be used',
  ],
  ['EPROTO error:0A00010B:SSL routines:ssl3_get_record:wrong version number', 'answers without TLS'],
  ['ERR_TLS_SOMETHING_NEW', 'could not agree on TLS: ERR_TLS_SOMETHING_NEW'],
])('%s', (detail, sentence) => {
  const kind = classify(detail);
  expect(kind).toBe('tls');
  const error = new RedisError({ kind, address: 'a:6379', command: 'AUTH', detail, outcomeUnknown: false });
  expect(error.message).toContain(sentence);
  expect(error.message).toMatch(/^a:6379 and we could not agree on TLS: .*\.$/);
});
