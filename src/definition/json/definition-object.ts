/** An item's value; null, like undefined, and the empty text count as absent. */
type ItemValue = string | number | boolean | null

/** Items by name, in any case. */
type ItemsObject = Readonly<Record<string, ItemValue | undefined>>

/** The definition as an object or a JSON file: the same levels as the Kotlin form. */
export interface DefinitionObject {
  readonly global?: ItemsObject | undefined
  readonly systems?:
    | readonly {
        readonly name: string
        readonly items?: ItemsObject | undefined
        /** `LOCAL_HOST` stands for this machine's name. */
        readonly hosts?:
          readonly { readonly name: string; readonly items?: ItemsObject | undefined }[] | undefined
      }[]
    | undefined
  /** As the service definitions have them. `host` is `localhost` when left out. */
  readonly services?:
    | readonly {
        readonly name: string
        readonly host?: string | undefined
        readonly port: number
        readonly secure?: boolean | undefined
        readonly external?: boolean | undefined
      }[]
    | undefined
}
