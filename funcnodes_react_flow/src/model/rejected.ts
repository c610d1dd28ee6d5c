/** An edit the document does not allow. `kind` is the name the worker uses for the same refusal. */
export class EditRejected extends Error {
  override readonly name = "EditRejected";

  constructor(
    readonly kind: string,
    message: string,
  ) {
    super(message);
  }
}
