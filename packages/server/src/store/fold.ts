/** The form in which text is searched: without case, compatible characters alike, as in the name keys it stands beside. */
export const fold = (text: string): string => text.normalize('NFKC').toUpperCase().toLowerCase().replaceAll('ς', 'σ').normalize('NFKC')

/** Several fields in one text to search in. */
export const folded = (...fields: (string | null)[]): string => fields.map((field) => fold(field ?? '')).join('\n')

/** What a search of `query` looks for with `like … escape '\'`. */
export const containing = (query: string): string => `%${fold(query).replace(/[\\%_]/g, '\\$&')}%`
