/** True when a request asks for the advanced query index, which lags behind more: both the header and the option. */
export function needsAdvancedIndex(query: URLSearchParams, headers: Readonly<Record<string, string>>): boolean {
  return headers['consistencylevel']?.toLowerCase() === 'eventual' && query.get('$count') === 'true';
}
