"""Rule 8.1: which messages ask, which tell something else, and which say nothing of substance."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from flows.questions import wording
from flows.questions.wording import Kind, kind

ASKS = {
    "en": "How do I return this?|Can you cancel my order|where is my package|I'd like a refund|please cancel order 123|"
    "My lamp arrived broken|it never arrived|I was charged twice|track my order|let me know when it ships|"
    "Yes, I want to return it|help me|Hi! is there a way to pay later|Snail?|"
    "Where is my order 123?|I don't know how to log in|More details please|dont know where to find it",
    "de": "Wo ist meine Bestellung|Ich möchte etwas zurückgeben|Können Sie mir helfen|Das Paket ist nicht angekommen|"
    "Wie lange dauert der Versand?|Hallo, ich brauche Hilfe|die Lampe ist kaputt|warum so teuer|"
    "Wo ist meine Bestellung 123|Wo steckt meine Lieferung 123",
    "fr": "Où est ma commande|Je voudrais un remboursement|Pouvez-vous m'aider|Comment annuler|J'ai besoin d'aide|"
    "Je n’ai pas reçu mon colis|Bonjour, est-ce que c'est possible|le produit est cassé|Où est ma commande 123 ?|"
    "Où en est la commande nº 123 ?|Où se trouve mon colis 123 ?",
    "es": "¿Dónde está mi pedido|Quiero devolver esto|cómo puedo pagar|No ha llegado mi paquete|Necesito ayuda|"
    "Hola, puedo cambiar la talla|llegó roto|me gustaría cancelar|¿Dónde está mi pedido 123?|donde esta el paquete 123",
    "it": "Dov'è il mio ordine|Vorrei un rimborso|Come posso pagare|Potete aiutarmi|Non è arrivato|"
    "Il pacco è danneggiato|quanto costa la spedizione",
    "nl": "Waar is mijn bestelling|Ik wil graag ruilen|Kunt u mij helpen|Hoe lang duurt het|"
    "Mijn pakket is niet geleverd|de lamp is kapot",
    "pt": "Onde está o meu pedido|Quero devolver|Vocês podem me ajudar|Não recebi o pacote|Gostaria de um reembolso|"
    "Olá, como faço para trocar|Onde está meu pedido 123?|Cadê meu pedido 123",
    "sv": "Var är min beställning|Jag vill returnera|Hur lång tid tar det|den är trasig",
    "da": "Hvor er min ordre|Jeg vil gerne returnere|Kan du hjælpe mig",
    "no": "Hvor er bestillingen min|Jeg ønsker å bytte|Kan du hjelpe meg",
    "fi": "Missä tilaukseni on|Haluaisin palauttaa tämän|tuote on rikki",
    "pl": "Gdzie jest moje zamówienie|Chcę zwrócić|Paczka nie dotarła",
    "cs": "Kde je moje objednávka|Chtěl bych vrátit zboží|Kolik to stojí",
    "ro": "Unde este comanda mea|Vreau să returnez|nu am primit coletul",
    "hu": "Hol van a rendelésem|Szeretnék visszaküldeni|nem érkezett meg",
    "tr": "Siparişim nerede|İade etmek istiyorum|ürün bozuk geldi",
    "ru": "Где мой заказ|Хочу вернуть товар|Здравствуйте, подскажите по доставке|посылка не пришла",
    "uk": "Де моє замовлення|Хочу повернути товар|посилка не прийшла",
    "el": "Πού είναι η παραγγελία μου|Θέλω επιστροφή χρημάτων|η παραγγελία μου ήρθε;",
    "ar": "أين طلبي|أريد استرداد المال|هل يمكنني الدفع لاحقا؟",
    "he": "איפה ההזמנה שלי|אני רוצה להחזיר|לא קיבלתי את החבילה",
    "hi": "मेरा ऑर्डर कहाँ है|मुझे पैसे वापस चाहिए|सामान नहीं मिला",
    "id": "Di mana pesanan saya|Saya ingin mengembalikan barang|barang belum sampai",
    "vi": "Đơn hàng của tôi ở đâu|Tôi muốn trả hàng|tôi chưa nhận được hàng",
    "ja": "注文はどこですか|返品したいです|返金をお願いします|商品が壊れていました|いつ届きますか？",
    "ko": "제 주문은 어디에 있나요|환불하고 싶어요|취소해 주세요|아직 안 왔어요",
    "zh": "我的订单在哪里|我想退货|怎么付款|还没收到货|可以退款吗？",
    "th": "สินค้าอยู่ที่ไหน|ต้องการคืนสินค้า|ยังไม่ได้รับสินค้า",
    "marks": "the blue one？|ሰማያዊ ቀለም፧|կապույտ գույն՞|آبی رنگ؟|the green one❓",
}
TELLS = {
    "en": "My name is Yusuf Rossi and my zip code is 19122|I bought it on Monday|The blue one|refund policy|"
    "updating standard account|Ben|do not iron|Sure! My name is Mei Ahmed.|I don't remember the order ID|PayPal works|"
    "Yes, please proceed with the exchange|I can't remember|order status|Will Smith|return label",
    "de": "Die blaue Lampe|Mein Name ist Anna Schmidt|Ich habe sie am Montag gekauft",
    "fr": "La lampe bleue|Je m'appelle Marie Dupont|livraison gratuite",
    "es": "La lámpara azul|Me llamo Ana García",
    "it": "La lampada blu|Mi chiamo Luca Rossi",
    "nl": "De blauwe lamp|Mijn naam is Jan Jansen",
    "pt": "A lâmpada azul|O meu nome é João Silva",
    "ru": "Синяя лампа|Меня зовут Иван",
    "ja": "青いランプ",
    "zh": "蓝色的灯",
}
SMALL_TALK = {
    "en": "hi|Hello!|hiiii|thaaanks|helo|HELLOOO|How are you?|hello?|ok?|really?|Yes please|No, thank you. Goodbye!|"
    "have a nice day|got it|that's all|That’s all I needed, thanks!|perfect|of course|sure|"
    "Thank you so much for your help|No problem|nooo|no i dont|No worries!|please proceed|hello there|sounds good",
    "values": "#W1234567|12345|a.b@example.com|+1 (212) 555-0100|https://shop.example/?id=7|1Z999AA10123456784|2026-05-14|"
    "5pm|XL|size 10|$49.90|5/5|5 stars|my order number is #W123|Yes, it is 4711|12345?|12 May 2026|IMG_1234.jpg",
    "nothing": "| |\n\t|[image]|[Attachment: receipt.pdf]|👍|🙏🙏|???|...|:)|:D|<br>&nbsp;|\u200b|❤️",
    "de": "Guten Tag|Vielen Dank für die Hilfe!|ja bitte|Nein danke, tschüss",
    "fr": "Bonjour|Merci beaucoup|D'accord, au revoir|non merci|ça va ?",
    "es": "Hola, buenos días|¡Muchas gracias!|sí, por favor|¿Qué tal?",
    "it": "Buongiorno|grazie mille|va bene, arrivederci|Sì, certo",
    "nl": "Goedemorgen|Dank je wel|ja graag|nee hoor, tot ziens",
    "pt": "Olá, bom dia|Muito obrigada!|Sim, por favor|Tudo bem?",
    "north": "Hej hej|Tack så mycket|Mange tak|Takk for hjelpen|Hei, kiitos paljon",
    "east": "Dzień dobry|Dziękuję bardzo|Dobrý den, děkuji|Mulțumesc, la revedere|Köszönöm szépen|Привет|"
    "Большое спасибо!|нет|ne|nem|Дякую за допомогу",
    "other": "لا|לא|tidak|não|Teşekkür ederim|Ευχαριστώ πολύ|شكرا جزيلا|תודה רבה|धन्यवाद|Terima kasih banyak|Cảm ơn bạn",
    "unspaced": "こんにちは|はい、お願いします|ありがとうございます！|네, 감사합니다|你好|"
    "好的，谢谢|在吗？|ขอบคุณค่ะ|สวัสดีครับ",
}


def _cases(texts: dict[str, str]) -> list[object]:
    return [pytest.param(text, id=f"{group}-{text!a}") for group, line in texts.items() for text in line.split("|")]


@pytest.mark.parametrize("text", _cases(ASKS))
def test_what_asks_or_asks_for_something_is_a_question_by_8_1(text: str) -> None:
    assert kind(text) == "asks"


@pytest.mark.parametrize("text", _cases(TELLS))
def test_what_only_tells_does_not_ask_by_8_1(text: str) -> None:
    assert kind(text) == "tells"


@pytest.mark.parametrize("text", _cases(SMALL_TALK))
def test_greetings_thanks_yes_no_and_plain_values_are_no_questions_by_8_1(text: str) -> None:
    assert kind(text) == "small_talk"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a" * 10_000_000, "tells"),
        ("?" * 100_000, "small_talk"),
        ("ha" * 100_000, "small_talk"),
        ("\ud800" * 5000, "small_talk"),
        ("where is my order \udfff", "asks"),
        ("".join(map(chr, range(32))), "small_talk"),
        ("z" + "\u0301" * 100_000, "tells"),
        ("ﷺ" * 5000, "tells"),
        ("a1" * 5000 + "-" * 5000, "small_talk"),
        ("have a very " * 2000, "tells"),
        ("<a" * 5000, "tells"),
        ("[" * 5000, "small_talk"),
        ("&#0;" * 5000, "small_talk"),
    ],
)
def test_any_text_at_all_has_a_kind(text: str, expected: Kind) -> None:
    """8.1: nobody can stop the run by what they write."""
    assert kind(text) == expected


def test_only_the_beginning_of_a_text_counts() -> None:
    assert kind("hello " * 400 + "where is my order?") == "small_talk"


def test_a_kind_is_the_same_in_every_process() -> None:
    """8.1 depends on the text alone: not on the order in which a process happens to keep its words."""
    texts = [text for line in (ASKS | TELLS | SMALL_TALK).values() for text in line.split("|")]
    code = "import ast, sys; from flows.questions.wording import kind; "
    code += "print([kind(text) for text in ast.literal_eval(sys.stdin.read())])"
    root = str(Path(wording.__file__).parents[2])
    for seed in ("1", "2"):
        told = subprocess.run(
            [sys.executable, "-c", code],
            input=ascii(texts),
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": root},
            capture_output=True,
            text=True,
            check=True,
        )
        assert told.stdout == f"{[kind(text) for text in texts]}\n"


def test_every_table_has_words_of_the_main_languages() -> None:
    tables = tomllib.loads(wording.WORDS.read_text("utf-8"))
    for table in ("small", "asks", "trouble"):
        assert len(tables[table]) >= 27, table
        assert {"en", "de", "fr", "es", "it", "nl", "pt"} <= set(tables[table])


def test_the_gist_of_an_email_is_without_greeting_and_signature_8_1() -> None:
    for hello, question, sign in (
        ("Hi there,", "How heavy is it?", "Kind regards, Fiona"),
        ("Olá,", "Preciso do link de rastreio, por favor.", "Atenciosamente, Patrícia"),
        ("Guten Tag Herr Meier,", "Gibt es einen Gutschein?", "Viele Grüße, Lukas"),
    ):
        assert wording.gist(f"{hello}\n\n{question}\n\n{sign}") == question
    assert wording.gist("Hi\n\nThanks!") == "Hi\n\nThanks!"  # of small talk alone nothing is taken
    assert wording.gist("Is it heavy?\nAnd is it blue?") == "Is it heavy?\nAnd is it blue?"
    assert wording.gist("Hi there, how heavy is it?") == "Hi there, how heavy is it?"
