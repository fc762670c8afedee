"""The function that a member needs for each operation that changes something, and to read where reading needs one.

A new operation needs a line here.

``none``: no function, since it is the person's own matter or changes nothing of the organisation's.
"""

from __future__ import annotations

TABLE = """
catalog     DELETE /v1/portals/{portal_id}                                                                  BEARBEITUNG
catalog     POST   /v1/offerings                                                                            BEARBEITUNG
catalog     PUT    /v1/offerings/{offering_id}                                                              BEARBEITUNG
catalog     PUT    /v1/offerings/{offering_id}/documents/{digest}                                           BEARBEITUNG
catalog     POST   /v1/offerings/{offering_id}/submit                                                       ZEICHNUNG
catalog     POST   /v1/offerings/{offering_id}/return                                                       BEARBEITUNG
catalog     POST   /v1/offerings/{offering_id}/accept                                                       ZEICHNUNG
catalog     POST   /v1/offerings/{offering_id}/bereitstellungsvertrag                                       ZEICHNUNG
catalog     POST   /v1/offerings/{offering_id}/suspend                                                      BEARBEITUNG
catalog     POST   /v1/offerings/{offering_id}/resume                                                       BEARBEITUNG
catalog     POST   /v1/offerings/{offering_id}/withdraw                                                     BEARBEITUNG
catalog     POST   /v1/operations/catalog/groups/{group}/dead-letters/{letter_id}/replay                    BEARBEITUNG
catalog     POST   /v1/operations/catalog/groups/{group}/dead-letters/{letter_id}/discard                   BEARBEITUNG
eligibility POST   /v1/organisations                                                                        none
eligibility PATCH  /v1/organisations/{organisation_id}                                                      VERWALTUNG
eligibility POST   /v1/organisations/{organisation_id}/relations                                            BEARBEITUNG
eligibility DELETE /v1/organisations/{organisation_id}/relations/{statement_id}                             BEARBEITUNG
eligibility POST   /v1/organisations/{organisation_id}/accreditations                                       VERWALTUNG
eligibility POST   /v1/organisations/{organisation_id}/accreditations/{channel}/{role}/review               BEARBEITUNG
eligibility POST   /v1/organisations/{organisation_id}/accreditations/{channel}/{role}/query                BEARBEITUNG
eligibility POST   /v1/organisations/{organisation_id}/accreditations/{channel}/{role}/answer               BEARBEITUNG
eligibility POST   /v1/organisations/{organisation_id}/accreditations/{channel}/{role}/grant                ZEICHNUNG
eligibility POST   /v1/organisations/{organisation_id}/accreditations/{channel}/{role}/refuse               ZEICHNUNG
eligibility POST   /v1/organisations/{organisation_id}/accreditations/{channel}/{role}/revoke               ZEICHNUNG
eligibility POST   /v1/checks                                                                               none
eligibility POST   /v1/verdicts/{order_id}/sign-off                                                         ZEICHNUNG
eligibility POST   /v1/verdicts/{order_id}/overrides                                                        ZEICHNUNG
eligibility POST   /v1/facts                                                                                BEARBEITUNG
eligibility PUT    /v1/facts/{fact_id}                                                                      BEARBEITUNG
eligibility POST   /v1/facts/{fact_id}/examination                                                          BEARBEITUNG
eligibility POST   /v1/facts/{fact_id}/withdrawal                                                           BEARBEITUNG
eligibility POST   /v1/evidence                                                                             BEARBEITUNG
eligibility PUT    /v1/evidence/{document_id}                                                               BEARBEITUNG
eligibility POST   /v1/evidence/{document_id}/withdrawal                                                    BEARBEITUNG
eligibility PUT    /v1/evidence/{document_id}/content                                                       BEARBEITUNG
eligibility POST   /v1/precheck-jobs                                                                        BEARBEITUNG
eligibility POST   /v1/precheck-jobs/{job_id}/cancel                                                        BEARBEITUNG
eligibility DELETE /v1/precheck-jobs/{job_id}                                                               BEARBEITUNG
eligibility POST   /v1/verdict-records                                                                      BEARBEITUNG
eligibility PUT    /v1/registrations/{body_id}                                                              none
eligibility DELETE /v1/registrations/{body_id}                                                              none
eligibility PUT    /v1/registrations/{body_id}/vollmacht                                                    none
eligibility POST   /v1/registrations/{body_id}/check                                                        none
eligibility POST   /v1/registrations/{body_id}/submit                                                       none
eligibility POST   /v1/organisations/{organisation_id}/invitations                                          VERWALTUNG
eligibility POST   /v1/organisations/{organisation_id}/invitations/{invitation_id}/mail                     VERWALTUNG
eligibility DELETE /v1/organisations/{organisation_id}/invitations/{invitation_id}                          VERWALTUNG
eligibility POST   /v1/invitations/accept                                                                   none
eligibility PUT    /v1/organisations/{organisation_id}/vollmacht                                            VERWALTUNG
eligibility DELETE /v1/organisations/{organisation_id}/vollmacht                                            VERWALTUNG
eligibility POST   /v1/organisations/{organisation_id}/leave                                                none
eligibility PUT    /v1/organisations/{organisation_id}/authorised-person                                    VERWALTUNG
eligibility POST   /v1/operations/eligibility/groups/{group}/dead-letters/{letter_id}/replay                BEARBEITUNG
eligibility POST   /v1/operations/eligibility/groups/{group}/dead-letters/{letter_id}/discard               BEARBEITUNG
contracts   POST   /v1/contracts/{contract_id}/sign                                                         ZEICHNUNG
contracts   POST   /v1/contracts/{contract_id}/release                                                      ZEICHNUNG
contracts   POST   /v1/contracts/{contract_id}/notice                                                       ZEICHNUNG
contracts   POST   /v1/contracts/{contract_id}/decline                                                      ZEICHNUNG
contracts   POST   /v1/contracts/{contract_id}/accessions                                                   ZEICHNUNG
contracts   POST   /v1/contracts/{contract_id}/sub-contracts                                                ZEICHNUNG
contracts   POST   /v1/contracts/{contract_id}/sub-contracts/preview                                        none
contracts   POST   /v1/contracts/{contract_id}/accept                                                       ZEICHNUNG
contracts   POST   /v1/contracts/{contract_id}/give-up                                                      ZEICHNUNG
contracts   POST   /v1/contracts/{contract_id}/amendments                                                   ZEICHNUNG
contracts   POST   /v1/contracts/{contract_id}/agb-offer                                                    ZEICHNUNG
contracts   POST   /v1/contracts/{contract_id}/changes/{change_id}/release                                  ZEICHNUNG
contracts   POST   /v1/contracts/{contract_id}/changes/{change_id}/consent                                  ZEICHNUNG
contracts   POST   /v1/contracts/{contract_id}/changes/{change_id}/refuse                                   ZEICHNUNG
contracts   POST   /v1/contracts/{contract_id}/price-changes                                                ZEICHNUNG
contracts   POST   /v1/contracts/{contract_id}/successor                                                    ZEICHNUNG
contracts   PUT    /v1/contracts/{contract_id}/contacts                                                     BEARBEITUNG
contracts   DELETE /v1/contracts/{contract_id}/contacts/history/{entry_id}                                  BEARBEITUNG
contracts   POST   /v1/accessions/{accession_id}/end                                                        ZEICHNUNG
ordering    POST   /v1/orders                                                                               BEARBEITUNG
ordering    POST   /v1/orders/{order_id}/recheck                                                            BEARBEITUNG
ordering    POST   /v1/orders/{order_id}/channel                                                            BEARBEITUNG
ordering    POST   /v1/orders/{order_id}/clarification                                                      BEARBEITUNG
ordering    POST   /v1/orders/{order_id}/points                                                             BEARBEITUNG
ordering    POST   /v1/orders/{order_id}/points/{point_id}/settle                                           BEARBEITUNG
ordering    POST   /v1/orders/{order_id}/questions                                                          BEARBEITUNG
ordering    POST   /v1/orders/{order_id}/questions/{question_id}/answer                                     BEARBEITUNG
ordering    POST   /v1/orders/{order_id}/conditions                                                         BEARBEITUNG
ordering    POST   /v1/orders/{order_id}/clarification/reopen                                               BEARBEITUNG
ordering    POST   /v1/orders/{order_id}/decline                                                            BEARBEITUNG
ordering    POST   /v1/orders/{order_id}/offer                                                              ZEICHNUNG
ordering    POST   /v1/orders/{order_id}/offer/amend                                                        ZEICHNUNG
ordering    POST   /v1/orders/{order_id}/offer/withdraw                                                     ZEICHNUNG
ordering    POST   /v1/orders/{order_id}/klienten                                                           BEARBEITUNG
ordering    POST   /v1/orders/{order_id}/klienten/recheck                                                   BEARBEITUNG
ordering    POST   /v1/orders/{order_id}/klienten/{klient}/remove                                           BEARBEITUNG
ordering    POST   /v1/orders/{order_id}/klienten/{klient}/sign-off                                         ZEICHNUNG
ordering    POST   /v1/participations/{participation_id}/confirm                                            ZEICHNUNG
ordering    POST   /v1/participations/{participation_id}/decline                                            ZEICHNUNG
ordering    POST   /v1/participations/{participation_id}/recheck                                            BEARBEITUNG
ordering    POST   /v1/orders/{order_id}/place                                                              ZEICHNUNG
ordering    POST   /v1/orders/placements                                                                    ZEICHNUNG
ordering    POST   /v1/orders/{order_id}/onboarding                                                         BEARBEITUNG
ordering    POST   /v1/orders/{order_id}/milestones/{code}/plan                                             BEARBEITUNG
ordering    POST   /v1/orders/{order_id}/milestones/{code}/reach                                            BEARBEITUNG
ordering    POST   /v1/orders/{order_id}/go-live                                                            BEARBEITUNG
ordering    POST   /v1/orders/{order_id}/uses                                                               BEARBEITUNG
ordering    POST   /v1/orders/{order_id}/withdraw                                                           ZEICHNUNG
ordering    POST   /v1/orders/{order_id}/expire                                                             BEARBEITUNG
ordering    POST   /v1/orders/{order_id}/terminate                                                          ZEICHNUNG
ordering    POST   /v1/orders/{order_id}/end                                                                BEARBEITUNG
ordering    POST   /v1/partners                                                                             BEARBEITUNG
ordering    PUT    /v1/partners/{partner_id}                                                                BEARBEITUNG
ordering    POST   /v1/partners/{partner_id}/suspend                                                        BEARBEITUNG
ordering    POST   /v1/partners/{partner_id}/resume                                                         BEARBEITUNG
ordering    POST   /v1/partners/{partner_id}/remove                                                         BEARBEITUNG
ordering    POST   /v1/partners/{partner_id}/keys                                                           BEARBEITUNG
ordering    POST   /v1/partners/{partner_id}/key-rotations                                                  BEARBEITUNG
ordering    POST   /v1/partners/{partner_id}/keys/{kid}/retire                                              BEARBEITUNG
ordering    POST   /v1/partner-quarantine/{reference}/resubmit                                              BEARBEITUNG
ordering    POST   /v1/partner-quarantine/{reference}/replay                                                BEARBEITUNG
ordering    POST   /v1/partner-quarantine/{reference}/discard                                               BEARBEITUNG
ordering    POST   /v1/operations/ordering/groups/{group}/dead-letters/{letter_id}/replay                   BEARBEITUNG
ordering    POST   /v1/operations/ordering/groups/{group}/dead-letters/{letter_id}/discard                  BEARBEITUNG
contracts   POST   /v1/offers/{offering_id}/cost-information                                                ZEICHNUNG
contracts   POST   /v1/statement-jobs                                                                       ZEICHNUNG
contracts   POST   /v1/operations/contracts/groups/{group}/dead-letters/{letter_id}/replay                  BEARBEITUNG
contracts   POST   /v1/operations/contracts/groups/{group}/dead-letters/{letter_id}/discard                 BEARBEITUNG
notify      POST   /v1/inbox/read                                                                           none
notify      POST   /v1/inbox/{notification_id}/read                                                         none
notify      PUT    /v1/contacts/me                                                                          none
notify      DELETE /v1/contacts/me                                                                          none
notify      DELETE /v1/contacts/{contact_id}                                                                VERWALTUNG
notify      GET    /v1/webhooks                                                                             VERWALTUNG
notify      GET    /v1/webhooks/{webhook_id}                                                                VERWALTUNG
notify      GET    /v1/webhooks/{webhook_id}/deliveries                                                     VERWALTUNG
notify      POST   /v1/webhooks                                                                             VERWALTUNG
notify      PUT    /v1/webhooks/{webhook_id}                                                                VERWALTUNG
notify      DELETE /v1/webhooks/{webhook_id}                                                                VERWALTUNG
notify      POST   /v1/webhooks/{webhook_id}/rotate                                                         VERWALTUNG
notify      POST   /v1/webhooks/{webhook_id}/deliveries/{delivery_id}/resend                                VERWALTUNG
notify      POST   /v1/operations/notify/groups/{group}/dead-letters/{letter_id}/replay                     BEARBEITUNG
notify      POST   /v1/operations/notify/groups/{group}/dead-letters/{letter_id}/discard                    BEARBEITUNG
"""

FUNCTIONS: dict[str, str] = {
    " ".join(operation): function for *operation, function in (line.split() for line in TABLE.strip().splitlines())
}
"""By operation."""
