"""The table: what each kind of caller gets from each operation of the five APIs. A new operation needs a line here.

The things that a path names are those of ``scene``: a Kunde (Husum) at the Anbieter govdigital with a Bereitsteller (Komm.ONE).
Who has no valid token gets what ``Reach`` says of the operation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from tests.faults.tenants.scene import CALLERS, FIGURES, HUSUM_ID, PARTNER_BODY, PARTNER_KEY, Thing
from tests.support.marketplace import HUSUM

TABLE = """
# columns: stranger, kunde, member, provider, colleague, rival, anbieter, other, betreiber, clerk, claimant
catalog     POST   /v1/offerings                                                                 -             token   403 403 403 201 403 201 403 403 403 201 403
catalog     GET    /v1/offerings                                                                 -             public  200 200 200 200 200 200 200 200 200 200 200
catalog     GET    /v1/offerings/dcat                                                            -             public  200 200 200 200 200 200 200 200 200 200 200
catalog     GET    /v1/offerings/changes                                                         -             public  200 200 200 200 200 200 200 200 200 200 200
catalog     GET    /v1/known-services/changes                                                    -             public  200 200 200 200 200 200 200 200 200 200 200
catalog     GET    /v1/portals                                                                   -             token   403 403 403 403 403 403 403 403 200 403 403
catalog     GET    /v1/portals/{portal_id}                                                       PORTAL        token   403 403 403 403 403 403 403 403 200 403 403
catalog     DELETE /v1/portals/{portal_id}                                                       PORTAL        token   403 403 403 403 403 403 403 403 204 403 403
catalog     PUT    /v1/offerings/{offering_id}                                                   DRAFT         token   403 403 403 200 403 404 403 403 403 404 403
catalog     PUT    /v1/offerings/{offering_id}                                                   SUBMISSION    token   403 403 403 409 403 404 403 403 403 404 403
catalog     PUT    /v1/offerings/{offering_id}/documents/{digest}                                DRAFT         token   415 415 415 415 415 415 415 415 415 415 415
catalog     PUT    /v1/offerings/{offering_id}/documents/{digest}                                SUBMISSION    token   415 415 415 415 415 415 415 415 415 415 415
catalog     GET    /v1/offerings/{offering_id}/documents/{digest}                                DRAFT         visitor 404 404 404 404 404 404 404 404 404 404 404
catalog     GET    /v1/offerings/{offering_id}/documents/{digest}                                SUBMISSION    visitor 404 404 404 404 404 404 404 404 404 404 404
catalog     GET    /v1/offerings/{offering_id}                                                   DRAFT         visitor 404 404 404 200 404 404 404 404 404 404 404
catalog     GET    /v1/offerings/{offering_id}                                                   SUBMISSION    visitor 404 404 404 200 404 404 200 404 404 404 404
catalog     GET    /v1/offerings/{offering_id}/versions                                          DRAFT         visitor 404 404 404 200 404 404 404 404 404 404 404
catalog     GET    /v1/offerings/{offering_id}/versions                                          SUBMISSION    visitor 404 404 404 200 404 404 200 404 404 404 404
catalog     GET    /v1/offerings/{offering_id}/versions/{version}                                DRAFT         visitor 404 404 404 200 404 404 404 404 404 404 404
catalog     GET    /v1/offerings/{offering_id}/versions/{version}                                SUBMISSION    visitor 404 404 404 200 404 404 200 404 404 404 404
catalog     GET    /v1/offerings/{offering_id}/versions/{version}/differences                    DRAFT         visitor 404 404 404 200 404 404 404 404 404 404 404
catalog     GET    /v1/offerings/{offering_id}/versions/{version}/differences                    SUBMISSION    visitor 404 404 404 200 404 404 200 404 404 404 404
catalog     POST   /v1/offerings/{offering_id}/submit                                            DRAFT         token   403 403 403 200 403 404 404 404 404 404 404
catalog     POST   /v1/offerings/{offering_id}/submit                                            SUBMISSION    token   403 403 403 200 403 404 403 404 404 404 404
catalog     POST   /v1/offerings/{offering_id}/return                                            DRAFT         token   403 403 403 403 403 404 404 404 404 404 404
catalog     POST   /v1/offerings/{offering_id}/return                                            SUBMISSION    token   403 403 403 403 403 404 200 404 404 404 404
catalog     POST   /v1/offerings/{offering_id}/accept                                            DRAFT         token   403 403 403 403 403 404 404 404 404 404 404
catalog     POST   /v1/offerings/{offering_id}/accept                                            SUBMISSION    token   403 403 403 403 403 404 200 404 404 404 404
catalog     POST   /v1/offerings/{offering_id}/bereitstellungsvertrag                            DRAFT         token   403 403 403 403 403 404 404 404 404 404 404
catalog     POST   /v1/offerings/{offering_id}/bereitstellungsvertrag                            SUBMISSION    token   403 403 403 403 403 404 409 404 404 404 404
catalog     POST   /v1/offerings/{offering_id}/suspend                                           DRAFT         token   403 403 403 409 403 404 404 404 404 404 404
catalog     POST   /v1/offerings/{offering_id}/suspend                                           SUBMISSION    token   403 403 403 409 403 404 409 404 404 404 404
catalog     POST   /v1/offerings/{offering_id}/resume                                            DRAFT         token   403 403 403 409 403 404 404 404 404 404 404
catalog     POST   /v1/offerings/{offering_id}/resume                                            SUBMISSION    token   403 403 403 409 403 404 409 404 404 404 404
catalog     POST   /v1/offerings/{offering_id}/withdraw                                          DRAFT         token   403 403 403 200 403 404 404 404 404 404 404
catalog     POST   /v1/offerings/{offering_id}/withdraw                                          SUBMISSION    token   403 403 403 200 403 404 409 404 404 404 404
catalog     GET    /v1/my/offerings                                                              -             token   403 403 403 200 403 200 200 200 200 200 403
catalog     GET    /v1/reference/vocabulary                                                      -             public  200 200 200 200 200 200 200 200 200 200 200
catalog     GET    /v1/reference/topics                                                          -             public  200 200 200 200 200 200 200 200 200 200 200
catalog     GET    /v1/reference/requirements                                                    -             public  200 200 200 200 200 200 200 200 200 200 200
catalog     GET    /v1/reference/ozg                                                             -             public  200 200 200 200 200 200 200 200 200 200 200
catalog     GET    /v1/reference/leika                                                           -             public  200 200 200 200 200 200 200 200 200 200 200
catalog     GET    /v1/operations/catalog                                                               -             token   403 403 403 403 403 403 403 403 200 403 403
catalog     GET    /v1/operations/catalog/groups/{group}/dead-letters                                   -             token   403 403 403 403 403 403 403 403 404 403 403
catalog     GET    /v1/operations/catalog/groups/{group}/dead-letters/{letter_id}                       -             token   403 403 403 403 403 403 403 403 404 403 403
catalog     POST   /v1/operations/catalog/groups/{group}/dead-letters/{letter_id}/replay                -             token   403 403 403 403 403 403 403 403 404 403 403
catalog     POST   /v1/operations/catalog/groups/{group}/dead-letters/{letter_id}/discard               -             token   403 403 403 403 403 403 403 403 404 403 403
eligibility GET    /v1/bodies                                                                    -             public  200 200 200 200 200 200 200 200 200 200 200
eligibility GET    /v1/bodies/{body_id}                                                          -             public  200 200 200 200 200 200 200 200 200 200 200
eligibility GET    /v1/registrations                                                                -             token   200 200 200 200 200 200 200 200 200 200 200
eligibility GET    /v1/registrations/{body_id}                                                      -             token   404 404 404 404 404 404 404 404 404 404 404
eligibility PUT    /v1/registrations/{body_id}                                                      -             token   200 200 200 200 200 200 200 200 200 200 200
eligibility DELETE /v1/registrations/{body_id}                                                      -             token   404 404 404 404 404 404 404 404 404 404 404
eligibility PUT    /v1/registrations/{body_id}/vollmacht                                            -             token   415 415 415 415 415 415 415 415 415 415 415
eligibility POST   /v1/registrations/{body_id}/check                                                -             token   200 200 200 200 200 200 200 200 200 200 200
eligibility POST   /v1/registrations/{body_id}/submit                                               -             token   404 404 404 404 404 404 404 404 404 404 404
eligibility POST   /v1/organisations                                                             -             token   403 200 409 403 403 403 403 403 403 403 403
eligibility GET    /v1/organisations/{organisation_id}                                           ORGANISATION  token   404 200 200 404 404 404 200 404 404 404 404
eligibility PATCH  /v1/organisations/{organisation_id}                                           OWN           token   404 200 403 404 404 404 404 404 404 404 404
eligibility POST   /v1/organisations/{organisation_id}/relations                                 OWN           token   404 200 403 404 404 404 404 404 404 404 404
eligibility DELETE /v1/organisations/{organisation_id}/relations/{statement_id}                     OWN           token   404 404 403 404 404 404 404 404 404 404 404
eligibility GET    /v1/me                                                                           -             token   200 200 200 200 200 200 200 200 200 200 200
eligibility GET    /v1/organisations/{organisation_id}/members                                      OWN           token   404 200 403 404 404 404 404 404 404 404 404
eligibility POST   /v1/organisations/{organisation_id}/invitations                                  OWN           token   404 201 403 404 404 404 404 404 404 404 404
eligibility POST   /v1/invitations/accept                                                           -             token   404 404 404 404 404 404 404 404 404 404 404
eligibility POST   /v1/organisations/{organisation_id}/invitations/{invitation_id}/mail             OWN           token   404 404 403 404 404 404 404 404 404 404 404
eligibility DELETE /v1/organisations/{organisation_id}/invitations/{invitation_id}                  OWN           token   404 404 403 404 404 404 404 404 404 404 404
eligibility PUT    /v1/organisations/{organisation_id}/vollmacht                                    OWN           token   415 415 415 415 415 415 415 415 415 415 415
eligibility DELETE /v1/organisations/{organisation_id}/vollmacht                                    OWN           token   404 204 403 404 404 404 404 404 404 404 404
eligibility GET    /v1/organisations/{organisation_id}/vollmacht                                    ORGANISATION  token   404 404 403 404 404 404 404 404 404 404 404
eligibility GET    /v1/organisations/{organisation_id}/vollmacht/content                            ORGANISATION  token   404 404 403 404 404 404 404 404 404 404 404
eligibility POST   /v1/organisations/{organisation_id}/leave                                        OWN           token   404 409 403 404 404 404 404 404 404 404 404
eligibility PUT    /v1/organisations/{organisation_id}/authorised-person                            OWN           token   404 409 403 404 404 404 404 404 404 404 404
eligibility POST   /v1/organisations/{organisation_id}/accreditations                            OWN           token   404 200 403 404 404 404 404 404 404 404 404
eligibility GET    /v1/accreditations                                                            -             token   403 403 403 403 403 403 200 200 403 403 403
eligibility POST   /v1/organisations/{organisation_id}/accreditations/{channel}/{role}/review    ORGANISATION  token   404 403 403 404 404 404 200 404 404 404 404
eligibility POST   /v1/organisations/{organisation_id}/accreditations/{channel}/{role}/review    ELSEWHERE     token   404 404 404 404 404 404 404 404 404 404 404
eligibility POST   /v1/organisations/{organisation_id}/accreditations/{channel}/{role}/query     ORGANISATION  token   404 403 403 404 404 404 409 404 404 404 404
eligibility POST   /v1/organisations/{organisation_id}/accreditations/{channel}/{role}/query     ELSEWHERE     token   404 404 404 404 404 404 404 404 404 404 404
eligibility POST   /v1/organisations/{organisation_id}/accreditations/{channel}/{role}/answer    ORGANISATION  token   404 409 409 404 404 404 403 404 404 404 404
eligibility POST   /v1/organisations/{organisation_id}/accreditations/{channel}/{role}/answer    ELSEWHERE     token   404 404 404 404 404 404 404 404 404 404 404
eligibility POST   /v1/organisations/{organisation_id}/accreditations/{channel}/{role}/grant     ORGANISATION  token   404 403 403 404 404 404 409 404 404 404 404
eligibility POST   /v1/organisations/{organisation_id}/accreditations/{channel}/{role}/grant     ELSEWHERE     token   404 404 404 404 404 404 404 404 404 404 404
eligibility POST   /v1/organisations/{organisation_id}/accreditations/{channel}/{role}/refuse    ORGANISATION  token   404 403 403 404 404 404 409 404 404 404 404
eligibility POST   /v1/organisations/{organisation_id}/accreditations/{channel}/{role}/refuse    ELSEWHERE     token   404 404 404 404 404 404 404 404 404 404 404
eligibility POST   /v1/organisations/{organisation_id}/accreditations/{channel}/{role}/revoke    ORGANISATION  token   404 403 403 404 404 404 409 404 404 404 404
eligibility POST   /v1/organisations/{organisation_id}/accreditations/{channel}/{role}/revoke    ELSEWHERE     token   404 404 404 404 404 404 404 404 404 404 404
eligibility GET    /v1/facts                                                                     -             token   422 422 422 422 422 422 422 422 422 422 422
eligibility POST   /v1/facts                                                                     -             token   403 201 201 403 403 403 201 403 201 403 403
eligibility GET    /v1/facts/{fact_id}                                                           FACT          token   404 200 200 404 404 404 200 404 200 404 404
eligibility PUT    /v1/facts/{fact_id}                                                           FACT          token   404 200 200 404 404 404 200 404 200 404 404
eligibility POST   /v1/facts/{fact_id}/examination                                               FACT          token   403 403 403 403 403 403 200 404 200 403 403
eligibility POST   /v1/facts/{fact_id}/withdrawal                                                FACT          token   404 200 200 404 404 404 200 404 200 404 404
eligibility POST   /v1/evidence                                                                  -             token   201 201 201 201 201 201 201 201 201 201 201
eligibility GET    /v1/evidence/{document_id}                                                    DOCUMENT      token   404 200 200 404 404 404 200 404 200 404 404
eligibility PUT    /v1/evidence/{document_id}                                                    DOCUMENT      token   404 200 200 404 404 404 403 404 200 404 404
eligibility POST   /v1/evidence/{document_id}/withdrawal                                         DOCUMENT      token   404 200 200 404 404 404 403 404 200 404 404
eligibility PUT    /v1/evidence/{document_id}/content                                            DOCUMENT      token   415 415 415 415 415 415 415 415 415 415 415
eligibility GET    /v1/evidence/{document_id}/content                                            DOCUMENT      token   404 404 404 404 404 404 404 404 404 404 404
eligibility GET    /v1/bodies/{body_id}/relations                                                -             token   200 200 200 200 200 200 200 200 200 200 200
eligibility GET    /v1/bodies/{body_id}/ways                                                     -             token   200 200 200 200 200 200 200 200 200 200 200
eligibility GET    /v1/examinations                                                              -             token   403 403 403 403 403 403 200 200 403 403 403
eligibility POST   /v1/checks                                                                    -             token   403 200 200 403 403 403 200 200 403 403 403
eligibility GET    /v1/verdicts/{order_id}                                                       EARLY_VERDICT token   404 200 200 404 404 404 200 404 404 404 404
eligibility GET    /v1/verdicts/{order_id}                                                       VERDICT       token   404 200 200 200 200 404 200 404 404 404 404
eligibility POST   /v1/verdicts/{order_id}/sign-off                                              EARLY_VERDICT token   404 403 403 404 404 404 409 404 404 404 404
eligibility POST   /v1/verdicts/{order_id}/sign-off                                              VERDICT       token   404 403 403 403 403 404 409 404 404 404 404
eligibility POST   /v1/verdicts/{order_id}/overrides                                             EARLY_VERDICT token   404 403 403 404 404 404 200 404 404 404 404
eligibility POST   /v1/verdicts/{order_id}/overrides                                             VERDICT       token   404 403 403 403 403 404 409 404 404 404 404
eligibility GET    /v1/channels                                                                  -             public  200 200 200 200 200 200 200 200 200 200 200
eligibility GET    /v1/channels/{channel}                                                        -             public  200 200 200 200 200 200 200 200 200 200 200
eligibility POST   /v1/precheck-jobs                                                             -             token   403 403 403 403 403 403 201 201 201 403 403
eligibility GET    /v1/precheck-jobs                                                             -             token   403 403 403 403 403 403 200 200 200 403 403
eligibility GET    /v1/precheck-jobs/{job_id}                                                    JOB           token   403 403 403 403 403 403 200 404 404 403 403
eligibility GET    /v1/precheck-jobs/{job_id}/result                                             JOB           token   403 403 403 403 403 403 409 404 404 403 403
eligibility GET    /v1/precheck-jobs/{job_id}/orders                                             JOB           token   403 403 403 403 403 403 409 404 404 403 403
eligibility POST   /v1/precheck-jobs/{job_id}/cancel                                             JOB           token   403 403 403 403 403 403 200 404 404 403 403
eligibility DELETE /v1/precheck-jobs/{job_id}                                                    JOB           token   403 403 403 403 403 403 409 404 404 403 403
eligibility POST   /v1/verdict-records                                                           -             token   403 201 201 403 403 403 201 403 403 403 403
eligibility GET    /v1/verdict-records                                                           -             token   422 422 422 422 422 422 422 422 422 422 422
eligibility GET    /v1/verdict-records/{record_id}                                               RECORD        token   404 200 200 404 404 404 200 404 404 404 404
eligibility GET    /v1/verdict-records/{record_id}/replay                                        RECORD        token   404 200 200 404 404 404 200 404 404 404 404
eligibility GET    /v1/operations/eligibility                                                           -             token   403 403 403 403 403 403 403 403 200 403 403
eligibility GET    /v1/operations/eligibility/groups/{group}/dead-letters                               -             token   403 403 403 403 403 403 403 403 404 403 403
eligibility GET    /v1/operations/eligibility/groups/{group}/dead-letters/{letter_id}                   -             token   403 403 403 403 403 403 403 403 404 403 403
eligibility POST   /v1/operations/eligibility/groups/{group}/dead-letters/{letter_id}/replay            -             token   403 403 403 403 403 403 403 403 404 403 403
eligibility POST   /v1/operations/eligibility/groups/{group}/dead-letters/{letter_id}/discard           -             token   403 403 403 403 403 403 403 403 404 403 403
ordering    GET    /v1/order-vocabulary                                                          -             public  200 200 200 200 200 200 200 200 200 200 200
ordering    GET    /v1/orders                                                                    -             token   200 200 200 200 200 200 200 200 200 200 200
ordering    GET    /v1/orders/counts                                                             -             token   200 200 200 200 200 200 200 200 200 200 200
ordering    GET    /v1/orders/counts/{offering_id}                                               DRAFT         token   404 404 404 404 404 404 404 404 404 404 404
ordering    GET    /v1/orders/counts/{offering_id}                                               SUBMISSION    token   404 404 404 404 404 404 404 404 404 404 404
ordering    POST   /v1/orders                                                                    DRAFT         token   404 404 403 403 403 404 403 403 403 404 403
ordering    POST   /v1/orders                                                                    SUBMISSION    token   404 404 403 403 403 404 403 403 403 404 403
ordering    GET    /v1/orders/{order_id}                                                         EARLY_ORDER   token   404 200 200 404 404 404 200 404 404 404 404
ordering    GET    /v1/orders/{order_id}                                                         ORDER         token   404 200 200 200 200 404 200 404 404 404 404
ordering    POST   /v1/orders/{order_id}/recheck                                                 EARLY_ORDER   token   404 200 403 404 404 404 403 404 404 404 404
ordering    POST   /v1/orders/{order_id}/recheck                                                 ORDER         token   404 409 403 403 403 404 403 404 404 404 404
ordering    POST   /v1/orders/{order_id}/channel                                                 EARLY_ORDER   token   404 200 403 404 404 404 403 404 404 404 404
ordering    POST   /v1/orders/{order_id}/channel                                                 ORDER         token   404 409 403 403 403 404 403 404 404 404 404
ordering    POST   /v1/orders/{order_id}/clarification                                           EARLY_ORDER   token   404 403 403 404 404 404 403 404 404 404 404
ordering    POST   /v1/orders/{order_id}/clarification                                           ORDER         token   404 403 403 409 403 404 403 404 404 404 404
ordering    POST   /v1/orders/{order_id}/points                                                  EARLY_ORDER   token   404 409 403 404 404 404 403 404 404 404 404
ordering    POST   /v1/orders/{order_id}/points                                                  ORDER         token   404 409 403 409 403 404 403 404 404 404 404
ordering    POST   /v1/orders/{order_id}/points/{point_id}/settle                                EARLY_ORDER   token   404 409 403 404 404 404 403 404 404 404 404
ordering    POST   /v1/orders/{order_id}/points/{point_id}/settle                                ORDER         token   404 409 403 409 403 404 403 404 404 404 404
ordering    POST   /v1/orders/{order_id}/questions                                               EARLY_ORDER   token   404 409 403 404 404 404 403 404 404 404 404
ordering    POST   /v1/orders/{order_id}/questions                                               ORDER         token   404 409 403 409 403 404 403 404 404 404 404
ordering    POST   /v1/orders/{order_id}/questions/{question_id}/answer                          EARLY_ORDER   token   404 409 403 404 404 404 403 404 404 404 404
ordering    POST   /v1/orders/{order_id}/questions/{question_id}/answer                          ORDER         token   404 409 403 409 403 404 403 404 404 404 404
ordering    POST   /v1/orders/{order_id}/conditions                                              EARLY_ORDER   token   404 403 403 404 404 404 403 404 404 404 404
ordering    POST   /v1/orders/{order_id}/conditions                                              ORDER         token   404 403 403 409 403 404 403 404 404 404 404
ordering    POST   /v1/orders/{order_id}/clarification/reopen                                    EARLY_ORDER   token   404 409 403 404 404 404 403 404 404 404 404
ordering    POST   /v1/orders/{order_id}/clarification/reopen                                    ORDER         token   404 409 403 409 403 404 403 404 404 404 404
ordering    POST   /v1/orders/{order_id}/decline                                                 EARLY_ORDER   token   404 403 403 404 404 404 403 404 404 404 404
ordering    POST   /v1/orders/{order_id}/decline                                                 ORDER         token   404 403 403 409 403 404 403 404 404 404 404
ordering    POST   /v1/orders/{order_id}/offer                                                   EARLY_ORDER   token   404 403 403 404 404 404 409 404 404 404 404
ordering    POST   /v1/orders/{order_id}/offer                                                   ORDER         token   404 403 403 403 403 404 409 404 404 404 404
ordering    POST   /v1/orders/{order_id}/offer/amend                                             EARLY_ORDER   token   404 403 403 404 404 404 409 404 404 404 404
ordering    POST   /v1/orders/{order_id}/offer/amend                                             ORDER         token   404 403 403 403 403 404 409 404 404 404 404
ordering    POST   /v1/orders/{order_id}/offer/withdraw                                          EARLY_ORDER   token   404 403 403 404 404 404 409 404 404 404 404
ordering    POST   /v1/orders/{order_id}/offer/withdraw                                          ORDER         token   404 403 403 403 403 404 409 404 404 404 404
ordering    POST   /v1/orders/{order_id}/klienten                                                EARLY_ORDER   token   404 409 403 404 404 404 403 404 404 404 404
ordering    POST   /v1/orders/{order_id}/klienten                                                ORDER         token   404 409 403 403 403 404 403 404 404 404 404
ordering    POST   /v1/orders/{order_id}/klienten/recheck                                        EARLY_ORDER   token   404 409 403 404 404 404 403 404 404 404 404
ordering    POST   /v1/orders/{order_id}/klienten/recheck                                        ORDER         token   404 409 403 403 403 404 403 404 404 404 404
ordering    POST   /v1/orders/{order_id}/klienten/{klient}/remove                                EARLY_ORDER   token   404 409 403 404 404 404 403 404 404 404 404
ordering    POST   /v1/orders/{order_id}/klienten/{klient}/remove                                ORDER         token   404 409 403 403 403 404 403 404 404 404 404
ordering    POST   /v1/orders/{order_id}/klienten/{klient}/sign-off                              EARLY_ORDER   token   404 403 403 404 404 404 409 404 404 404 404
ordering    POST   /v1/orders/{order_id}/klienten/{klient}/sign-off                              ORDER         token   404 403 403 403 403 404 409 404 404 404 404
ordering    GET    /v1/participations                                                            -             token   200 200 200 200 200 200 200 200 200 200 200
ordering    GET    /v1/participations/{participation_id}                                         -             token   404 404 404 404 404 404 404 404 404 404 404
ordering    POST   /v1/participations/{participation_id}/confirm                                 -             token   404 404 404 404 404 404 404 404 404 404 404
ordering    POST   /v1/participations/{participation_id}/decline                                 -             token   404 404 404 404 404 404 404 404 404 404 404
ordering    POST   /v1/participations/{participation_id}/recheck                                 -             token   404 404 404 404 404 404 404 404 404 404 404
ordering    POST   /v1/orders/{order_id}/place                                                   EARLY_ORDER   token   404 409 403 404 404 404 403 404 404 404 404
ordering    POST   /v1/orders/{order_id}/place                                                   ORDER         token   404 409 403 403 403 404 403 404 404 404 404
ordering    POST   /v1/orders/placements                                                         EARLY_ORDER   token   404 200 403 404 404 404 403 404 404 404 404
ordering    POST   /v1/orders/placements                                                         ORDER         token   404 200 403 403 403 404 403 404 404 404 404
ordering    GET    /v1/orders/placements/{placement_id}                                          -             token   404 404 404 404 404 404 404 404 404 404 404
ordering    POST   /v1/orders/{order_id}/onboarding                                              EARLY_ORDER   token   404 403 403 404 404 404 403 404 404 404 404
ordering    POST   /v1/orders/{order_id}/onboarding                                              ORDER         token   404 403 403 200 403 404 403 404 404 404 404
ordering    POST   /v1/orders/{order_id}/milestones/{code}/plan                                  EARLY_ORDER   token   404 409 403 404 404 404 403 404 404 404 404
ordering    POST   /v1/orders/{order_id}/milestones/{code}/plan                                  ORDER         token   404 409 403 409 403 404 403 404 404 404 404
ordering    POST   /v1/orders/{order_id}/milestones/{code}/reach                                 EARLY_ORDER   token   404 409 403 404 404 404 403 404 404 404 404
ordering    POST   /v1/orders/{order_id}/milestones/{code}/reach                                 ORDER         token   404 409 403 409 403 404 403 404 404 404 404
ordering    POST   /v1/orders/{order_id}/go-live                                                 EARLY_ORDER   token   404 403 403 404 404 404 403 404 404 404 404
ordering    POST   /v1/orders/{order_id}/go-live                                                 ORDER         token   404 403 403 409 403 404 403 404 404 404 404
ordering    POST   /v1/orders/{order_id}/uses                                                    EARLY_ORDER   token   404 409 403 404 404 404 403 404 404 404 404
ordering    POST   /v1/orders/{order_id}/uses                                                    ORDER         token   404 409 403 403 403 404 403 404 404 404 404
ordering    POST   /v1/orders/{order_id}/withdraw                                                EARLY_ORDER   token   404 200 403 404 404 404 403 404 404 404 404
ordering    POST   /v1/orders/{order_id}/withdraw                                                ORDER         token   404 409 403 403 403 404 403 404 404 404 404
ordering    POST   /v1/orders/{order_id}/expire                                                  EARLY_ORDER   token   404 403 403 404 404 404 200 404 404 404 404
ordering    POST   /v1/orders/{order_id}/expire                                                  ORDER         token   404 403 403 403 403 404 409 404 404 404 404
ordering    POST   /v1/orders/{order_id}/terminate                                               EARLY_ORDER   token   404 409 403 404 404 404 409 404 404 404 404
ordering    POST   /v1/orders/{order_id}/terminate                                               ORDER         token   404 200 403 403 403 404 200 404 404 404 404
ordering    POST   /v1/orders/{order_id}/end                                                     EARLY_ORDER   token   404 403 403 404 404 404 409 404 404 404 404
ordering    POST   /v1/orders/{order_id}/end                                                     ORDER         token   404 403 403 403 403 404 409 404 404 404 404
ordering    POST   /v1/partners                                                                      -             token   403 403 403 403 403 403 403 403 201 403 403
ordering    GET    /v1/partners                                                                      -             token   200 200 200 200 200 200 200 200 200 200 200
ordering    GET    /v1/partners/{partner_id}                                                         PARTNER       token   404 200 200 404 404 200 404 404 200 404 200
ordering    PUT    /v1/partners/{partner_id}                                                         PARTNER       token   403 403 403 403 403 403 403 403 200 403 403
ordering    GET    /v1/partners/{partner_id}/history                                                 PARTNER_WHOLE token   404 404 404 404 404 200 404 404 200 404 200
ordering    POST   /v1/partners/{partner_id}/suspend                                                 PARTNER       token   403 403 403 403 403 403 403 403 200 403 403
ordering    POST   /v1/partners/{partner_id}/resume                                                  PARTNER       token   403 403 403 403 403 403 403 403 200 403 403
ordering    POST   /v1/partners/{partner_id}/remove                                                  PARTNER       token   403 403 403 403 403 403 403 403 200 403 403
ordering    POST   /v1/partners/{partner_id}/keys                                                    PARTNER       token   403 403 403 403 403 403 403 403 200 403 403
ordering    POST   /v1/partners/{partner_id}/keys/{kid}/retire                                       PARTNER       token   403 403 403 403 403 403 403 403 200 403 403
ordering    POST   /v1/partners/{partner_id}/key-rotations                                           PARTNER_WHOLE token   404 404 404 404 404 422 404 404 404 404 422
ordering    GET    /v1/partner-receipts/jwks                                                         -             public  200 200 200 200 200 200 200 200 200 200 200
ordering    GET    /v1/partner-quarantine                                                            -             token   403 403 403 403 403 403 403 403 200 403 403
ordering    GET    /v1/partner-quarantine                                                            PARTNER_WHOLE token   404 404 404 404 404 200 404 404 200 404 200
ordering    GET    /v1/partner-quarantine/{reference}                                                QUARANTINED   token   404 404 404 404 404 200 404 404 200 404 200
ordering    GET    /v1/partner-quarantine/{reference}/original                                       QUARANTINED   token   404 404 404 404 404 200 404 404 200 404 200
ordering    GET    /v1/partner-quarantine/{reference}/value                                          QUARANTINED   token   404 404 404 404 404 200 404 404 200 404 200
ordering    POST   /v1/partner-quarantine/{reference}/resubmit                                       QUARANTINED   token   404 404 404 404 404 503 404 404 403 404 503
ordering    POST   /v1/partner-quarantine/{reference}/replay                                         QUARANTINED   token   403 403 403 403 403 403 403 403 503 403 403
ordering    POST   /v1/partner-quarantine/{reference}/discard                                        QUARANTINED   token   403 403 403 403 403 403 403 403 200 403 403
ordering    GET    /v1/operations/ordering                                                              -             token   403 403 403 403 403 403 403 403 200 403 403
ordering    GET    /v1/operations/ordering/groups/{group}/dead-letters                                  -             token   403 403 403 403 403 403 403 403 404 403 403
ordering    GET    /v1/operations/ordering/groups/{group}/dead-letters/{letter_id}                      -             token   403 403 403 403 403 403 403 403 404 403 403
ordering    POST   /v1/operations/ordering/groups/{group}/dead-letters/{letter_id}/replay               -             token   403 403 403 403 403 403 403 403 404 403 403
ordering    POST   /v1/operations/ordering/groups/{group}/dead-letters/{letter_id}/discard              -             token   403 403 403 403 403 403 403 403 404 403 403
contracts   GET    /v1/agb/{channel}                                                             -             public  200 200 200 200 200 200 200 200 200 200 200
contracts   GET    /v1/agb/{channel}/versions                                                    -             public  200 200 200 200 200 200 200 200 200 200 200
contracts   GET    /v1/contracts                                                                 -             token   200 200 200 200 200 200 200 200 200 200 403
contracts   GET    /v1/contracts                                                                 ORDER         token   200 200 200 200 200 200 200 200 200 200 403
contracts   GET    /v1/contracts/{contract_id}                                                   CONTRACT      token   404 200 200 200 200 404 200 404 404 404 403
contracts   GET    /v1/contracts/{contract_id}/archive                                           CONTRACT      token   404 200 200 200 200 404 200 404 404 404 403
contracts   GET    /v1/archive/checkpoint                                                        -             public  200 200 200 200 200 200 200 200 200 200 200
contracts   GET    /v1/archive/key                                                               -             public  200 200 200 200 200 200 200 200 200 200 200
contracts   GET    /v1/archive/consistency                                                       -             public  200 200 200 200 200 200 200 200 200 200 200
contracts   GET    /v1/contracts/{contract_id}/documents                                         CONTRACT      token   404 200 200 404 404 404 200 404 404 404 403
contracts   GET    /v1/contracts/{contract_id}/documents/{name}                                  CONTRACT      token   404 404 404 404 404 404 404 404 404 404 403
contracts   POST   /v1/contracts/{contract_id}/sign                                              CONTRACT      token   403 403 403 403 403 403 409 404 403 403 403
contracts   POST   /v1/contracts/{contract_id}/release                                           CONTRACT      token   403 403 403 403 403 403 409 404 403 403 403
contracts   POST   /v1/contracts/{contract_id}/decline                                           CONTRACT      token   403 403 403 403 403 403 409 404 403 403 403
contracts   POST   /v1/contracts/{contract_id}/notice                                            CONTRACT      token   404 200 403 403 403 404 200 404 404 404 403
contracts   GET    /v1/registers/{channel}/{year}                                                REGISTER      token   403 403 403 403 403 403 200 404 403 403 403
contracts   POST   /v1/offers/{offering_id}/cost-information                                     DRAFT         token   403 403 403 404 403 404 403 403 403 404 403
contracts   GET    /v1/offers/{offering_id}/cost-information                                     DRAFT         token   404 404 404 404 404 404 404 404 404 404 404
contracts   GET    /v1/offers/{offering_id}/cost-information/{version}                           DRAFT         token   404 404 404 404 404 404 404 404 404 404 404
contracts   GET    /v1/offers/{offering_id}/costs                                                DRAFT         token   404 404 404 404 404 404 404 404 404 404 404
contracts   POST   /v1/statement-jobs                                                            -             token   403 403 403 403 403 403 201 201 403 403 403
contracts   GET    /v1/statement-jobs                                                            -             token   403 403 403 403 403 403 200 200 403 403 403
contracts   GET    /v1/statement-jobs/{statement_job_id}                                         -             token   403 403 403 403 403 403 404 404 403 403 403
contracts   GET    /v1/statements                                                                -             token   200 200 200 200 200 200 200 200 200 200 403
contracts   GET    /v1/statements/{statement_id}                                                 -             token   404 404 404 404 404 404 404 404 404 404 404
contracts   GET    /v1/statements/{statement_id}/input                                           -             token   404 404 404 404 404 404 404 404 404 404 404
contracts   GET    /v1/statements/{statement_id}/share                                           -             token   404 404 404 404 404 404 404 404 404 404 404
contracts   GET    /v1/statements/{statement_id}/documents                                       -             token   404 404 404 404 404 404 404 404 404 404 404
contracts   GET    /v1/statements/{statement_id}/documents/{name}                                -             token   404 404 404 404 404 404 404 404 404 404 404
contracts   GET    /v1/contracts/{contract_id}/statements                                        CONTRACT      token   404 200 200 200 200 404 200 404 404 404 403
contracts   POST   /v1/contracts/{contract_id}/accessions                                        CONTRACT      token   404 409 403 403 403 404 403 403 403 404 403
contracts   POST   /v1/contracts/{contract_id}/sub-contracts                                     CONTRACT      token   404 409 403 403 403 404 403 403 403 404 403
contracts   POST   /v1/contracts/{contract_id}/sub-contracts/preview                             CONTRACT      token   404 409 403 403 403 404 403 403 403 404 403
contracts   POST   /v1/contracts/{contract_id}/accept                                            CONTRACT      token   404 403 403 403 403 404 403 404 404 404 403
contracts   POST   /v1/contracts/{contract_id}/give-up                                           CONTRACT      token   404 403 403 403 403 404 403 404 404 404 403
contracts   GET    /v1/contracts/{contract_id}/changes                                               CONTRACT      token   404 200 200 404 404 404 200 404 404 404 403
contracts   POST   /v1/contracts/{contract_id}/amendments                                            CONTRACT      token   404 200 403 403 403 404 200 404 404 404 403
contracts   POST   /v1/contracts/{contract_id}/agb-offer                                             CONTRACT      token   404 403 403 403 403 404 409 404 404 404 403
contracts   POST   /v1/contracts/{contract_id}/changes/{change_id}/release                           CONTRACT      token   404 403 403 403 403 404 404 404 404 404 403
contracts   POST   /v1/contracts/{contract_id}/changes/{change_id}/consent                           CONTRACT      token   404 404 403 403 403 404 404 404 404 404 403
contracts   POST   /v1/contracts/{contract_id}/changes/{change_id}/refuse                            CONTRACT      token   404 404 403 403 403 404 404 404 404 404 403
contracts   GET    /v1/contracts/{contract_id}/price-changes                                         CONTRACT      token   404 200 200 404 404 404 200 404 404 404 403
contracts   POST   /v1/contracts/{contract_id}/price-changes                                         CONTRACT      token   404 403 403 403 403 404 200 404 404 404 403
contracts   POST   /v1/contracts/{contract_id}/successor                                             CONTRACT      token   404 409 403 403 403 404 409 404 404 404 403
contracts   GET    /v1/contracts/{contract_id}/contacts                                          CONTRACT      token   404 200 200 404 404 404 200 404 404 404 403
contracts   PUT    /v1/contracts/{contract_id}/contacts                                          CONTRACT      token   404 200 403 404 404 404 200 404 404 404 403
contracts   GET    /v1/contracts/{contract_id}/contacts/history                                  CONTRACT      token   404 200 200 404 404 404 200 404 404 404 403
contracts   DELETE /v1/contracts/{contract_id}/contacts/history/{entry_id}                       CONTRACT      token   404 404 403 404 404 404 404 404 404 404 403
contracts   GET    /v1/contracts/{contract_id}/chain                                             CONTRACT      token   404 200 200 200 200 404 200 404 404 404 403
contracts   GET    /v1/offers/{offering_id}/licence                                              DRAFT         token   404 404 404 404 404 404 404 404 404 404 404
contracts   GET    /v1/accessions                                                                -             token   200 200 200 200 200 200 200 200 200 200 403
contracts   GET    /v1/accessions/{accession_id}                                                 -             token   404 404 404 404 404 404 404 404 404 404 403
contracts   POST   /v1/accessions/{accession_id}/end                                             -             token   404 404 403 403 403 404 403 403 403 404 403
contracts   GET    /v1/operations/contracts                                                             -             token   403 403 403 403 403 403 403 403 200 403 403
contracts   GET    /v1/operations/contracts/groups/{group}/dead-letters                                 -             token   403 403 403 403 403 403 403 403 404 403 403
contracts   GET    /v1/operations/contracts/groups/{group}/dead-letters/{letter_id}                     -             token   403 403 403 403 403 403 403 403 404 403 403
contracts   POST   /v1/operations/contracts/groups/{group}/dead-letters/{letter_id}/replay              -             token   403 403 403 403 403 403 403 403 404 403 403
contracts   POST   /v1/operations/contracts/groups/{group}/dead-letters/{letter_id}/discard             -             token   403 403 403 403 403 403 403 403 404 403 403
notify      GET    /v1/inbox                                                                     -             token   200 200 200 200 200 200 200 200 200 200 200
notify      GET    /v1/inbox/unread                                                              -             token   200 200 200 200 200 200 200 200 200 200 200
notify      POST   /v1/inbox/read                                                                -             token   200 200 200 200 200 200 200 200 200 200 200
notify      POST   /v1/inbox/{notification_id}/read                                              NOTIFICATION  token   404 200 200 404 404 404 404 404 404 404 404
notify      GET    /v1/contacts                                                                  -             token   200 200 403 200 403 200 200 200 403 200 200
notify      GET    /v1/contacts/kinds                                                            -             token   200 200 200 200 200 200 200 200 200 200 200
notify      GET    /v1/contacts/me                                                               -             token   404 200 404 404 404 404 404 404 404 404 404
notify      PUT    /v1/contacts/me                                                               -             token   200 428 200 200 200 200 200 200 200 200 200
notify      DELETE /v1/contacts/me                                                               -             token   204 204 204 204 204 204 204 204 204 204 204
notify      DELETE /v1/contacts/{contact_id}                                                     CONTACT       token   204 204 403 204 403 204 204 204 403 204 204
notify      GET    /v1/webhooks                                                                  -             token   200 200 200 200 200 200 200 200 200 200 200
notify      POST   /v1/webhooks                                                                  -             token   503 503 503 503 503 503 503 503 503 503 503
notify      GET    /v1/webhooks/{webhook_id}                                                     -             token   404 404 404 404 404 404 404 404 404 404 404
notify      PUT    /v1/webhooks/{webhook_id}                                                     -             token   404 404 404 404 404 404 404 404 404 404 404
notify      DELETE /v1/webhooks/{webhook_id}                                                     -             token   404 404 404 404 404 404 404 404 404 404 404
notify      POST   /v1/webhooks/{webhook_id}/rotate                                              -             token   503 503 503 503 503 503 503 503 503 503 503
notify      GET    /v1/webhooks/{webhook_id}/deliveries                                          -             token   404 404 404 404 404 404 404 404 404 404 404
notify      POST   /v1/webhooks/{webhook_id}/deliveries/{delivery_id}/resend                     -             token   404 404 404 404 404 404 404 404 404 404 404
notify      GET    /v1/operations/notify                                                                -             token   403 403 403 403 403 403 403 403 200 403 403
notify      GET    /v1/operations/notify/groups/{group}/dead-letters                                    -             token   403 403 403 403 403 403 403 403 404 403 403
notify      GET    /v1/operations/notify/groups/{group}/dead-letters/{letter_id}                        -             token   403 403 403 403 403 403 403 403 404 403 403
notify      POST   /v1/operations/notify/groups/{group}/dead-letters/{letter_id}/replay                 -             token   403 403 403 403 403 403 403 403 404 403 403
notify      POST   /v1/operations/notify/groups/{group}/dead-letters/{letter_id}/discard                -             token   403 403 403 403 403 403 403 403 404 403 403
"""

QUERIES = {
    "contracts GET /v1/contracts": "?order_id=<id>",
    "ordering GET /v1/partner-quarantine": "?partner=<id>",
    "contracts GET /v1/offers/{offering_id}/cost-information": "?channel=govdigital",
    "contracts GET /v1/offers/{offering_id}/cost-information/{version}": "?channel=govdigital",
    "contracts GET /v1/offers/{offering_id}/costs": "?channel=govdigital",
}
"""Operations that name a thing in their query."""

COST_ITEM = {
    "id": "betrieb",
    "kind": "BETRIEB_ONLINEDIENST",
    "label": "X",
    "amount_cents": 1,
    "period": "JAHR",
    "valid_from": "2026-01-01",
    "valid_to": None,
    "due_on": None,
    "key": {"type": "FEST"},
    "decision": "UNANIMOUS",
    "fallback_key": None,
    "funding": "PARTICIPANTS",
    "efa_share_bp": None,
    "cost_object": None,
}
_PERSON = {"capacity": "BEVOLLMAECHTIGT", "confirmed": True}
_FORM = {"title": "X", "summary": "X"}
_REASON = {"reason": "X"}
_DOCUMENT = {"type": "TESTAT", "title": "X", "reason": "X"}
_WEBHOOK = {"url": "https://empfang.example/x", "event_types": ["ordering.order.offer-made.v1"]}
_ACCREDITATION = "eligibility POST /v1/organisations/{organisation_id}/accreditations/{channel}/{role}"
_ORDER = "ordering POST /v1/orders/{order_id}"
_PARTNER = "ordering POST /v1/partners/{partner_id}"
_RECORD = "ordering POST /v1/partner-quarantine/{reference}"
BODIES: dict[str, object] = {
    "contracts POST /v1/contracts/{contract_id}/decline": {"reason": "X"},
    "contracts POST /v1/contracts/{contract_id}/notice": {},
    "contracts POST /v1/contracts/{contract_id}/accessions": {},
    "contracts POST /v1/accessions/{accession_id}/end": {},
    **{
        f"contracts POST /v1/contracts/{{contract_id}}/{path}": {"grantee": {"id": "010540056056", "name": "Husum, Stadt"}}
        for path in ("sub-contracts", "sub-contracts/preview")
    },
    "contracts POST /v1/contracts/{contract_id}/give-up": {},
    "contracts POST /v1/contracts/{contract_id}/amendments": {"notice": None},
    "contracts POST /v1/contracts/{contract_id}/agb-offer": {},
    "contracts POST /v1/contracts/{contract_id}/successor": {},
    "contracts PUT /v1/contracts/{contract_id}/contacts": {"contacts": []},
    "contracts POST /v1/contracts/{contract_id}/price-changes": {"effective_from": "2199-01-01"},
    "contracts POST /v1/contracts/{contract_id}/changes/{change_id}/refuse": {},
    "catalog POST /v1/offerings": _FORM,
    "catalog PUT /v1/offerings/{offering_id}": _FORM,
    "catalog POST /v1/offerings/{offering_id}/return": {"remarks": "X"},
    "catalog POST /v1/offerings/{offering_id}/bereitstellungsvertrag": {"number": "B-9"},
    "catalog POST /v1/offerings/{offering_id}/suspend": _REASON,
    "catalog POST /v1/offerings/{offering_id}/withdraw": _REASON,
    "eligibility POST /v1/organisations": {"organisation": HUSUM_ID, "person": _PERSON, "roles": ["KUNDE"]},
    "eligibility PATCH /v1/organisations/{organisation_id}": {"add_users": ["somebody"]},
    "eligibility POST /v1/organisations/{organisation_id}/relations": HUSUM,
    "eligibility POST /v1/organisations/{organisation_id}/accreditations": {"channel": "govdigital", "role": "KUNDE"},
    "eligibility PUT /v1/registrations/{body_id}": {"roles": ["KUNDE"]},
    "eligibility POST /v1/registrations/{body_id}/check": {"roles": ["KUNDE"]},
    "eligibility POST /v1/invitations/accept": {"organisation": HUSUM_ID, "secret": "nobody-has-this-secret"},
    "eligibility PUT /v1/organisations/{organisation_id}/authorised-person": {"person": "nobody", "capacity": "BEVOLLMAECHTIGT"},
    "eligibility POST /v1/organisations/{organisation_id}/invitations": {"functions": []},
    "eligibility POST /v1/organisations/{organisation_id}/invitations/{invitation_id}/mail": {"email": "x@example.org"},
    "eligibility POST /v1/facts": {"fact": {**FIGURES, "id": "zahlen-2025", "year": 2025}, "reason": "X"},
    "eligibility PUT /v1/facts/{fact_id}": {"fact": FIGURES, "reason": "X"},
    "eligibility POST /v1/facts/{fact_id}/examination": {"findings": {}, "reason": "X"},
    "eligibility POST /v1/facts/{fact_id}/withdrawal": _REASON,
    "eligibility POST /v1/evidence": _DOCUMENT,
    "eligibility PUT /v1/evidence/{document_id}": _DOCUMENT,
    "eligibility POST /v1/evidence/{document_id}/withdrawal": _REASON,
    f"{_ACCREDITATION}/query": {"question": "X"},
    f"{_ACCREDITATION}/answer": {"answer": "X"},
    f"{_ACCREDITATION}/refuse": _REASON,
    f"{_ACCREDITATION}/revoke": _REASON,
    "eligibility POST /v1/checks": {"customer": HUSUM_ID, "provider": "komm_one"},
    "eligibility POST /v1/precheck-jobs": {"kind": "MATRIX", "day": "2027-01-01"},
    "eligibility POST /v1/verdict-records": {"customer": HUSUM_ID, "provider": "komm_one", "channel": "govdigital"},
    "eligibility POST /v1/verdicts/{order_id}/sign-off": {"note": "X"},
    "eligibility POST /v1/verdicts/{order_id}/overrides": {
        "check": 1,
        "decision": "PROCEED",
        "reason": "Die Unterlagen sind widersprüchlich.",
        "valid_until": "2098-12-31",
    },
    "ordering POST /v1/orders": {"offering_id": "<id>", "channel": "govdigital"},
    f"{_ORDER}/points": {"label": "X", "owner": "KUNDE"},
    f"{_ORDER}/points/{{point_id}}/settle": {"value": "X"},
    f"{_ORDER}/questions": {"text": "X"},
    f"{_ORDER}/questions/{{question_id}}/answer": {"text": "X"},
    f"{_ORDER}/conditions": {"conditions": []},
    f"{_ORDER}/decline": _REASON,
    f"{_ORDER}/offer": {"valid_until": "2098-12-31"},
    f"{_ORDER}/channel": {"channel": "govdigital"},
    f"{_ORDER}/offer/amend": {"valid_until": "2098-12-31"},
    f"{_ORDER}/offer/withdraw": _REASON,
    f"{_ORDER}/clarification/reopen": _REASON,
    f"{_ORDER}/klienten": {"klient": "DE-SN"},
    f"{_ORDER}/klienten/{{klient}}/sign-off": _REASON,
    "ordering POST /v1/participations/{participation_id}/decline": _REASON,
    f"{_ORDER}/place": {"accepts_agb": True},
    "ordering POST /v1/orders/placements": {"orders": [{"order_id": "<id>", "accepts_agb": True}]},
    f"{_ORDER}/milestones/{{code}}/plan": {"day": "2098-12-31"},
    f"{_ORDER}/uses": {"period": "2026-01", "count": 1},
    f"{_ORDER}/terminate": {"ends_on": "2098-12-31"},
    "ordering POST /v1/partners": {"id": "sued", **PARTNER_BODY},
    "ordering PUT /v1/partners/{partner_id}": PARTNER_BODY,
    f"{_PARTNER}/suspend": _REASON,
    f"{_PARTNER}/remove": _REASON,
    f"{_PARTNER}/keys": {"jwk": PARTNER_KEY, "kid": "k1"},
    f"{_PARTNER}/key-rotations": {"event": "no.JWS.this"},
    f"{_RECORD}/resubmit": {"event": "no.JWS.this"},
    f"{_RECORD}/discard": _REASON,
    "contracts POST /v1/offers/{offering_id}/cost-information": {
        "channel": "govdigital",
        "effective_from": "2098-01-01",
        "items": [COST_ITEM],
    },
    "contracts POST /v1/statement-jobs": {"year": 2020},
    "notify POST /v1/inbox/read": {},
    "notify POST /v1/webhooks": _WEBHOOK,
    "notify PUT /v1/webhooks/{webhook_id}": _WEBHOOK,
    "notify PUT /v1/contacts/me": {"name": "X", "email": "x@example.org"},
    **{
        f"{service} POST /v1/operations/{service}/groups/{{group}}/dead-letters/{{letter_id}}/{step}": _REASON
        for service in ("catalog", "eligibility", "ordering", "contracts", "notify")
        for step in ("replay", "discard")
    },
}
"""A body that each operation takes which needs one."""

REVISED = frozenset(
    {
        "catalog PUT /v1/offerings/{offering_id}",
        "contracts PUT /v1/contracts/{contract_id}/contacts",
        "eligibility PATCH /v1/organisations/{organisation_id}",
        "eligibility DELETE /v1/organisations/{organisation_id}/relations/{statement_id}",
        "eligibility DELETE /v1/registrations/{body_id}",
        "eligibility PUT /v1/registrations/{body_id}/vollmacht",
        "eligibility PUT /v1/organisations/{organisation_id}/vollmacht",
        "eligibility DELETE /v1/organisations/{organisation_id}/vollmacht",
        "eligibility DELETE /v1/organisations/{organisation_id}/invitations/{invitation_id}",
        "eligibility PUT /v1/organisations/{organisation_id}/authorised-person",
        "eligibility PUT /v1/facts/{fact_id}",
        "eligibility PUT /v1/evidence/{document_id}",
        "ordering PUT /v1/partners/{partner_id}",
        "notify PUT /v1/webhooks/{webhook_id}",
        "notify DELETE /v1/webhooks/{webhook_id}",
    }
)
"""Operations that demand the revision which was read: everybody here knows it, whether they could have read it or not."""

NO_ID = "00000000-0000-5000-8000-000000000000"
_PARTS = {
    "channel": "govdigital",
    "role": "KUNDE",
    "code": "acceptance",
    "digest": "0" * 64,
    "body_id": HUSUM_ID,
    "kid": "k1",
    "statement_id": NO_ID,
    "accession_id": NO_ID,
    "participation_id": NO_ID,
    "placement_id": NO_ID,
    "klient": "DE-SN",
    "change_id": NO_ID,
    "entry_id": NO_ID,
    "group": "of.nobody",
    "letter_id": "0:0",
    "invitation_id": NO_ID,
    "name": "vertrag.pdf",
    "statement_job_id": NO_ID,
    "version": "1",
    "webhook_id": NO_ID,
    "delivery_id": NO_ID,
}
NOTHING = "-"
"""In the table: an operation that names no thing."""


class Reach(StrEnum):
    """Who may ask at all."""

    PUBLIC = "public"
    """Everybody; no token is looked at."""
    VISITOR = "visitor"
    """Everybody; a token that comes along must be valid."""
    TOKEN = "token"


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table: an operation about a thing, and the status of the answer to each caller."""

    operation: str
    thing: Thing | None
    reach: Reach
    expected: tuple[int, ...]

    def __str__(self) -> str:
        return self.operation if self.thing is None else f"{self.operation} {self.thing.name}"

    def request(self, thing_id: str, parts: dict[str, str]) -> tuple[tuple[str, str, str], object]:
        """Return (service, method, path) and body of the request about the thing of this id."""
        service, method, path = self.operation.split(" ")
        known = _PARTS | parts | ({"channel": "fitko"} if self.thing is Thing.ELSEWHERE else {})
        for name, value in known.items():
            path = path.replace(f"{{{name}}}", value)
        before, brace, after = path.partition("{")
        if brace:
            path = before + thing_id + after.partition("}")[2]
        path += QUERIES.get(self.operation, "") if self.thing else ""
        return (service, method, path.replace("<id>", thing_id)), _named(BODIES.get(self.operation), thing_id)


def rows() -> tuple[Row, ...]:
    """Return the lines of the table."""
    return tuple(_parsed())


def _parsed() -> Iterator[Row]:
    for line in TABLE.strip().splitlines():
        if not line or line.startswith("#"):
            continue
        service, method, path, thing, reach, *expected = line.split()
        assert len(expected) == len(CALLERS), line
        named = None if thing == NOTHING else Thing[thing]
        yield Row(f"{service} {method} {path}", named, Reach(reach), tuple(map(int, expected)))


def _named(body: object, thing_id: str) -> object:
    match body:
        case dict():
            return {name: _named(value, thing_id) for name, value in body.items()}
        case list():
            return [_named(value, thing_id) for value in body]
        case str():
            return body.replace("<id>", thing_id)
        case _:
            return body


ROWS = rows()
