/**
 * What records of several providers call the same thing. MaxMind nests (`country.iso_code`), others are flat
 * (`country_code`, or `country` and `asn` as texts).
 */

/**
 * The country in which a network is used, an ISO 3166-1 code in capitals; where nothing is known of that, the one in which
 * it is registered.
 */
export function countryOf(record: unknown): string | undefined {
  const fields = fieldsOf(record);
  const used = codeIn(fields['country']) ?? codeOf(fields['country_code']);
  return used ?? codeIn(fields['registered_country']);
}

/** The number of the autonomous system that announces a network. */
export function asnOf(record: unknown): number | undefined {
  const fields = fieldsOf(record);
  const value = fields['autonomous_system_number'] ?? fields['asn'];
  if (typeof value === 'number') return value;
  const digits = typeof value === 'string' ? /^(?:AS)?(\d{1,10})$/i.exec(value)?.[1] : undefined;
  return digits === undefined ? undefined : Number(digits);
}

function fieldsOf(record: unknown): Readonly<Record<string, unknown>> {
  return typeof record === 'object' && record !== null ? (record as Record<string, unknown>) : {};
}

const codeIn = (value: unknown): string | undefined => codeOf(value) ?? codeOf(fieldsOf(value)['iso_code']);

function codeOf(value: unknown): string | undefined {
  return typeof value === 'string' && /^[A-Za-z][A-Za-z0-9]$/.test(value) ? value.toUpperCase() : undefined;
}
