"""Words of several languages that files use: names of columns, of months, of roles."""

from __future__ import annotations

import re
from collections.abc import Mapping

GUESSES: Mapping[str, str] = {
    "text": "text full_text fulltext body message message_text content comment comment_text comments"
    " review review_text review_body feedback tweet tweet_text post utterance verbatim description"
    " texto mensaje comentario opinion nachricht kommentar bewertung inhalt beschreibung texte"
    " commentaire avis contenu messaggio testo commento recensione mensagem comentário avaliação"
    " tekst bericht treść текст сообщение комментарий отзыв"
    " 内容 评论 文本 本文 コメント レビュー 내용 댓글 리뷰 نص"
    " تعليق summary subject title asunto betreff titel titre",
    "id": "id external_id tweet_id message_id comment_id review_id post_id mention_id feedback_id"
    " ticket_id response_id issue_id item_id status_id uuid guid identifier identificador kennung"
    " identifiant ид 编号 番号",
    "at": "created_at_utc timestamp_utc date_utc created_utc created_at createdat said_at created"
    " created_time create_time creation_date posted_at published_at submitted_at received_at"
    " sent_at timestamp datetime date_time date time at posted published submitted fecha"
    " fecha_hora creado datum erstellt zeitpunkt erstellt_am date_creation data data_ora criado_em"
    " дата 日期 时间 日時 日付 날짜 تاريخ",
    "author": "author_handle screen_name author user_screen_name user_name username handle user author_name"
    " author_screen_name from sender sender_name reviewer customer customer_name customer_id"
    " user_id author_id nick autor usuario verfasser benutzer kunde auteur utilisateur autore"
    " utente autor_nome usuário автор пользователь 作者 用户 投稿者 작성자 المؤلف",
    "url": "url link permalink permalink_url href web_url enlace liens lien collegamento ссылка 链接",
    "lang": "lang language language_code lang_code idioma sprache langue lingua язык 语言 言語",
    "account": "account account_name company company_name organization organisation customer_company empresa"
    " firma société azienda",
    "rating": "rating stars star_rating score_stars review_rating nps note bewertung_sterne puntuación"
    " estrellas 評価",
    "role": "role author_role author_type sender_type speaker_role speaker_type",
    "parent": "parent_id in_reply_to_status_id in_reply_to parent reply_to in_reply_to_id",
    "edited": "edited_at updated_at modified_at last_edited edited",
    "thread": "thread_id conversation_id call_id thread",
}
"""Names that columns of feedback are known to have, best first for each key."""

MONTHS = (
    "jan january januar janvier enero ene", "feb february februar février fevrier febrero",
    "mar march märz marz mars marzo mrz", "apr april avril abril abr avr", "may mai mayo",
    "jun june juni juin junio", "jul july juli juillet julio", "aug august août aout agosto ago",
    "sep sept september septembre septiembre", "oct october oktober okt octobre octubre",
    "nov november novembre noviembre", "dec december dezember dez décembre decembre diciembre dic",
)  # fmt: skip
"""Names of the months, January first."""

STAFF_ROLES = frozenset(
    {
        "agent", "staff", "employee", "brand", "admin", "teammate", "support", "representative",
        "rep", "advisor", "operator", "company", "internal", "bot", "assistant", "host", "agente",
        "asesor", "mitarbeiter", "berater", "agence", "conseiller"
    }
)  # fmt: skip
"""Words in the role column that say: works for us."""

LABEL = re.compile(
    r"(?:customer|caller|client|user|guest|visitor|speaker|participant|unknown|contact|agent|kunde|cliente)"
    r"[ _#-]*\w?\d*",
    re.IGNORECASE,
)
"""A label that tells who it is only within one call: "Customer" of two calls are two people."""
