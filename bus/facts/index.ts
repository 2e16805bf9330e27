/** Every fact the node may announce, one interface a chapter, merged here. A row: past tense, `subject.happened`. */
export interface BusFacts {}

export type FactType = keyof BusFacts;

/** `Fact<'supplier.hired'>` is one event; `Fact` is the union of all of them. */
export type Fact<T extends FactType = FactType> = { [K in T]: { readonly type: K } & BusFacts[K] }[T];
