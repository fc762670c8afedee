#!/usr/bin/env bash
# Orders an online service by curl alone, on the marketplace that `make up` keeps running: from the form of the Bereitsteller to the
# contract of the Kunde. It may be run again: each run offers a service of its own.
set -euo pipefail
cd "$(dirname "$0")/.."
PATH="$PWD/.venv/bin:$PATH"

for service in catalog eligibility ordering contracts; do declare "$service=$(marktplatz url "$service")"; done
HUSUM=$(marktplatz token --sub digitales.husum --org 010540056056 --name 'Husum, Stadt' --role KUNDE)
KOMM_ONE=$(marktplatz token --sub produkt.komm-one --org komm_one --name 'Komm.ONE' --role BEREITSTELLER)
GOVDIGITAL=$(marktplatz token --sub vertrieb.govdigital --org govdigital --name 'govdigital eG' --role ANBIETER)
run=$(date +%s)
problem=$(mktemp)
trap 'rm -f "$problem"' EXIT

# `get PERSON URL` and `post PERSON URL [BODY [KEY]]` print the answer; where one is refused, the script ends with the problem.
# A repeat under the same Idempotency-Key has no second effect and gets the first answer.
get() { send "$1" "$2"; }
post() {
  send "$1" "$2" --data "${3:-"{}"}" -H 'Content-Type: application/json' -H "Idempotency-Key: ${4:-$run:${2##*/v1/}}"
}
send() {
  local answer
  answer=$(curl --silent --show-error --fail-with-body -H "Authorization: Bearer ${!1}" "${@:3}" "$2") || { echo "$2: $answer" >&2; exit 1; }
  printf '%s' "$answer"
}
# pick EXPRESSION prints a part of the JSON document that is piped in, named `it`.
pick() { python3 -c "import json, sys; it = json.load(sys.stdin); print($1)"; }
# wait_until EXPRESSION PERSON URL asks again until the expression holds.
wait_until() {
  for _ in $(seq 100); do
    if [ "$(get "$2" "$3" | pick "$1")" = True ]; then return; fi
    sleep 0.3
  done
  echo "$3: not seen within half a minute: $1" >&2
  exit 1
}

echo "1. govdigital accredits Komm.ONE, which fills in the form, and accepts it: the offer stands in the Schaufenster."
komm_one=$eligibility/v1/organisations/komm_one
if ! (get KOMM_ONE "$komm_one") 2>/dev/null | grep -q '"ERTEILT"'; then # `make up` has done so for its example offers
  post KOMM_ONE "$eligibility/v1/organisations" '{"organisation": "komm_one",
    "person": {"capacity": "BEVOLLMAECHTIGT", "confirmed": true}, "roles": ["BEREITSTELLER"]}' example:provider >/dev/null
  post KOMM_ONE "$komm_one/accreditations" '{"channel": "govdigital", "role": "BEREITSTELLER"}' example:provider-apply >/dev/null
  post GOVDIGITAL "$komm_one/accreditations/govdigital/BEREITSTELLER/review" '{}' example:provider-review >/dev/null
  post GOVDIGITAL "$komm_one/accreditations/govdigital/BEREITSTELLER/grant" '{"reason": "Nachweise liegen vor."}' \
    example:provider-grant >/dev/null
fi
musts=$(get KOMM_ONE "$catalog/v1/reference/requirements" |
  pick 'json.dumps([{"id": one["id"], "fulfilment": "ERFUELLT"} for one in it["items"] if one["level"] == "MUSS"])')
form='{"title": "Anwohnerparkausweis '"$run"'", "summary": "Parkausweis beantragen, verlängern und ändern.",
  "topic_id": "mobilitaet_reisen", "ozg_ids": ["10424"], "anbindungsarten": ["FIT_CONNECT"], "channels": ["govdigital"],
  "technical_concept": "Webanwendung in Containern.", "nachnutzung": "Gebührensätze und Logo sind Parameter.",
  "parameters": [{"name": "logo", "label": "Logo der Behörde"}], "reifegrad": 3,
  "documents": [{"title": "Leistungsbeschreibung", "media_type": "application/pdf", "url": "https://efa.example.org/leistung.pdf"}],
  "price_items": [{"kind": "BETRIEB_ONLINEDIENST", "label": "Betrieb und Support", "amount": {"cents": 480000, "currency": "EUR"},
    "period": "JAHR", "key": "EINWOHNER", "valid_from": "'"$(date +%Y)"'-01-01"}],
  "requirements": '"$musts"'}'
offering=$(post KOMM_ONE "$catalog/v1/offerings" "$form" | pick 'it["id"]')
for _ in $(seq 100); do # the accreditation reaches catalog over Kafka, a moment after it was granted
  (post KOMM_ONE "$catalog/v1/offerings/$offering/submit") >/dev/null 2>"$problem" && break
  grep -qE 'provider_not_|rights_unavailable' "$problem" || { cat "$problem" >&2; exit 1; }
  sleep 0.3
done
post GOVDIGITAL "$catalog/v1/offerings/$offering/accept" >/dev/null
wait_until "it['state'] == 'VEROEFFENTLICHT'" KOMM_ONE "$catalog/v1/offerings/$offering" # contracts has concluded the contract

echo "2. Husum registers and states its in-house relation (§ 108 GWB), govdigital accredits it and examines the relation."
husum=$eligibility/v1/organisations/010540056056
post HUSUM "$eligibility/v1/organisations" '{"organisation": "010540056056",
  "person": {"capacity": "BEVOLLMAECHTIGT", "confirmed": true}, "roles": ["KUNDE"]}' example:register >/dev/null
post HUSUM "$husum/relations" '{"path": ["010540056056", "itvsh", "dataport", "govdigital"], "type": "TRAEGER",
  "valid_from": "2012-01-01", "evidence": [{"type": "SATZUNG", "title": "Organisationssatzung", "reference": "Az. 1"}]}' \
  example:relation >/dev/null
post HUSUM "$husum/accreditations" '{"channel": "govdigital", "role": "KUNDE"}' example:apply >/dev/null
post GOVDIGITAL "$husum/accreditations/govdigital/KUNDE/review" '{}' example:review >/dev/null
post GOVDIGITAL "$husum/accreditations/govdigital/KUNDE/grant" '{"reason": "Nachweise liegen vor."}' example:grant >/dev/null
post GOVDIGITAL "$eligibility/v1/facts/organisation:010540056056:TRAEGER:itvsh/examination" '{"findings": {
  "organ_seat": "SHARED_DELEGATE", "joint_influence": true, "contrary_interests": false, "all_fields": true},
  "reason": "Anhand der Satzung geprüft."}' example:examination >/dev/null

echo "3. Husum declares its interest; it is forwarded once the in-house check has passed."
for _ in $(seq 100); do # the offer reaches ordering over Kafka, a moment after it was published
  order=$(post HUSUM "$ordering/v1/orders" '{"offering_id": "'"$offering"'", "channel": "govdigital"}' "$run:interest" 2>"$problem" |
    pick 'it["id"]' 2>/dev/null) && break
  grep -q offering_not_found "$problem" || { cat "$problem" >&2; exit 1; }
  sleep 0.3
done
vorgang=$ordering/v1/orders/$order
wait_until "it['state'] == 'WEITERGELEITET'" HUSUM "$vorgang"

echo "4. Husum and Komm.ONE clear the technical points (Abstimmung), govdigital makes its offer."
post KOMM_ONE "$vorgang/clarification" '{"anbindungsart": "FIT_CONNECT"}' |
  pick '"\n".join(" ".join((one["owner"], one["id"], one["format"])) for one in it["points"])' |
  while read -r owner point format; do
    case $format in
      ip_ranges) value=203.0.113.17 ;;
      sha256_fingerprint) value=$(printf '9F:%.0s' {1..31})9F ;;
      uuid) value=0b7d9f4e-2c1a-4e58-9d0b-8a7c6e5f4d32 ;;
      url) value=https://efa.example.org/nachnutzung ;;
      email) value=efa-anbindung@example.org ;;
      *) value=$(get HUSUM "$vorgang" | pick '[one["example"] for one in it["points"] if one["id"] == "'"$point"'"][0] or "liegt vor"') ;;
    esac
    person=KOMM_ONE && [ "$owner" = KUNDE ] && person=HUSUM
    post "$person" "$vorgang/points/$point/settle" '{"value": "'"$value"'"}' >/dev/null
  done
post KOMM_ONE "$vorgang/conditions" '{"conditions": []}' >/dev/null
until=$(date -d '+60 days' +%F 2>/dev/null || date -v+60d +%F) # GNU, then BSD
post GOVDIGITAL "$vorgang/offer" '{"valid_until": "'"$until"'"}' >/dev/null

echo "5. Husum orders; the contract comes about through govdigital."
post HUSUM "$vorgang/place" '{"accepts_agb": true}' >/dev/null
wait_until 'bool(it["items"]) and bool(it["items"][0].get("number"))' HUSUM "$contracts/v1/contracts?order_id=$order"
get HUSUM "$contracts/v1/contracts?order_id=$order" |
  pick '"Contract {number}, {state}, on Vorgang {order_id}".format(**it["items"][0])'
