# In the folder of the project: what is offered, a registration, the in-house check, an interest. It can be run again.
export PATH="$PWD/.venv/bin:$PATH"
CATALOG=$(marktplatz url catalog) ELIGIBILITY=$(marktplatz url eligibility) ORDERING=$(marktplatz url ordering)
HUSUM=$(marktplatz token --sub digitales.husum --org 010540056056 --name 'Husum, Stadt' --role KUNDE)
as_husum() { curl -sS --fail-with-body -H "Authorization: Bearer $HUSUM" -H 'Content-Type: application/json' "$@"; echo; }
# example offers, marked as such, that can be ordered now
curl -sS "$CATALOG/v1/offerings?q=beispiel+parkausweis&orderable=true"; echo
OFFER=$(curl -sS "$CATALOG/v1/offerings?q=beispiel+parkausweis&orderable=true" |
  python3 -c 'import json, sys; print(json.load(sys.stdin)["items"][0]["id"])')
# Husum registers, and asks at which Anbieter it may order
as_husum "$ELIGIBILITY/v1/organisations" -d '{"organisation": "010540056056", "roles": ["KUNDE"],
  "person": {"capacity": "BEVOLLMAECHTIGT", "confirmed": true}}'
as_husum "$ELIGIBILITY/v1/checks" -d '{"provider": "komm_one"}'
# it declares its interest; its Vorgänge show who has to act since when
as_husum "$ORDERING/v1/orders" -H "Idempotency-Key: tour-$OFFER" -d "{\"offering_id\": \"$OFFER\", \"channel\": \"govdigital\"}"
as_husum "$ORDERING/v1/orders"
# the whole way to a contract, with all who take part
examples/order.sh
