/** What Node and OpenSSL say when TLS fails → what is wrong and what mends it. Seen with Redis 7.0, TLS 1.2 and 1.3. */

const PATTERNS: readonly (readonly [RegExp, string])[] = [
  [
    /SELF_SIGNED_CERT|UNABLE_TO_(GET_ISSUER|VERIFY_LEAF)|self.signed|unable to (get|verify)/i,
    'its certificate is not signed by an authority that we trust; give the authority in the inventory (tls: ca)',
  ],
  [
    /CERT_ALTNAME_INVALID|altnames/i,
    'its certificate is for another name; use that name in the url, or give it in the inventory (tls: servername)',
  ],
  [/CERT_HAS_EXPIRED/i, 'its certificate has expired; it needs a new one'],
  [/CERT_NOT_YET_VALID/i, 'its certificate is not valid yet; compare the clocks'],
  [
    /certificate required|handshake failure/i,
    'it wants a certificate of ours; give one in the inventory (tls: cert and key)',
  ],
  [/alert unknown ca|bad certificate/i, 'it does not trust our certificate; give one that its authority has signed'],
  [/alert certificate expired/i, 'our certificate has expired; the inventory needs a new one (tls: cert and key)'],
  [
    /KEY_VALUES_MISMATCH|PEM|ERR_OSSL|DECODER/i,
    'our certificate or key cannot be used; look at the files that the inventory names (tls: cert and key)',
  ],
  [
    /unsupported protocol|alert protocol version|no shared cipher/i,
    'it and we have no version of TLS or no cipher in common',
  ],
  [/wrong version number|packet length too long/i, 'it answers without TLS; use redis:// if this port has none'],
];

/** Half a sentence without a full stop; null when nothing is known about these words. */
export function tlsAdvice(detail: string): string | null {
  for (const [pattern, advice] of PATTERNS) if (pattern.test(detail)) return advice;
  return null;
}
