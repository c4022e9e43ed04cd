"""What every record of processing of a gateway says, in Thai and English: headings by the numbers of section 39, rights, measures."""

from typing import Final

Line = tuple[str, str]
"""Thai and English; both say the same."""

TITLE: Final[Line] = ("บันทึกรายการกิจกรรมการประมวลผลข้อมูลส่วนบุคคล", "Record of processing activities")
LAW: Final[Line] = (
    "พระราชบัญญัติคุ้มครองข้อมูลส่วนบุคคล พ.ศ. 2562 มาตรา 39 เลขในวงเล็บคือเลขข้อของวรรคหนึ่ง",
    "Personal Data Protection Act B.E. 2562 (2019), section 39; the numbers in brackets are those of its first paragraph",
)

DATA: Final[Line] = ("ข้อมูลส่วนบุคคล (1)", "Personal data (1)")
PURPOSE: Final[Line] = ("วัตถุประสงค์ (2)", "Purposes (2)")
CONTROLLER: Final[Line] = ("ผู้ควบคุมข้อมูลส่วนบุคคล (3)", "Data controllers (3)")
RETENTION: Final[Line] = ("ระยะเวลาการเก็บรักษา (4)", "Retention (4)")
RIGHTS: Final[Line] = ("สิทธิและวิธีการเข้าถึง (5)", "Rights and means of access (5)")
WHO: Final[Line] = ("ผู้มีสิทธิเข้าถึงและเงื่อนไข (5)", "Who may access, and on what conditions (5)")
DISCLOSURE: Final[Line] = ("การใช้หรือเปิดเผยตามมาตรา 27 วรรคสาม (6)", "Use or disclosure under section 27, third paragraph (6)")
REFUSALS: Final[Line] = ("การปฏิเสธคำขอหรือการคัดค้าน (7)", "Refused requests and objections (7)")
SECURITY: Final[Line] = ("มาตรการรักษาความมั่นคงปลอดภัย (8)", "Security measures (8)")
BASIS: Final[Line] = ("ฐานทางกฎหมาย", "Legal basis")
RECIPIENTS: Final[Line] = ("ผู้รับข้อมูล", "Recipients")
FORCE: Final[Line] = ("ระยะเวลาของข้อตกลง", "In force")
COUNTED: Final[Line] = ("จำนวนครั้งในช่วงเวลานี้", "How often in this time")
FORMER: Final[Line] = ("ข้อตกลงที่สิ้นสุดหรือถูกถอนแล้ว แต่มีการใช้ในช่วงเวลานี้", "Agreements withdrawn since, and used in this time")

TO_ADD: Final[Line] = (
    "ให้หน่วยงานเพิ่มเติม: ที่อยู่และช่องทางติดต่อ และเจ้าหน้าที่คุ้มครองข้อมูลส่วนบุคคล (ระบบไม่มีข้อมูลนี้)",
    "For the agency to add: address and contact, and its data protection officer; the gateway does not know them",
)
KEPT: Final[Line] = (
    "ระบบไม่เก็บเนื้อหาของข้อมูลที่เปิดเผย บันทึกการเข้าถึงระบุได้ว่าเกี่ยวกับบุคคลใดเป็นเวลา {days:,} วัน จากนั้นกุญแจถูกทำลาย",
    "The gateway keeps no record that was disclosed. Its access log can show whom an access was about for {days:,} days; then the key is destroyed",
)
KEPT_BY_AGENCY: Final[Line] = (
    "ให้หน่วยงานผู้รับเพิ่มเติม: ระยะเวลาที่เก็บข้อมูลที่ได้รับไว้ในระบบของตน",
    "For the recipient to add: how long it keeps in its own systems what it received",
)
RIGHTS_LINES: Final[tuple[Line, ...]] = (
    (
        "ขอเข้าถึงและขอสำเนา รวมทั้งขอให้เปิดเผยที่มาของข้อมูล (มาตรา 30) ยื่นที่หน่วยงานผู้รับ ผู้ตรวจสอบพิมพ์รายการเข้าถึงของบุคคลนั้นได้จากบันทึก",
        "Access, a copy, and where data came from (section 30): asked of the recipient; an auditor prints the accesses to that person from the log",
    ),
    (
        "ขอรับหรือขอให้โอนข้อมูล (มาตรา 31) คัดค้าน (มาตรา 32) ลบหรือทำลาย (มาตรา 33) ระงับการใช้ (มาตรา 34) แก้ไขให้ถูกต้อง (มาตรา 35 และ 36) ยื่นที่หน่วยงานเจ้าของข้อมูลหรือหน่วยงานผู้รับ",
        "Portability (31), objection (32), erasure (33), restriction (34), accuracy (35, 36): asked of the source or the recipient",
    ),
)
WHO_LINES: Final[tuple[Line, ...]] = (
    (
        "เจ้าหน้าที่ที่ยืนยันตัวตนแล้ว ณ ช่องบริการที่ขึ้นทะเบียนของหน่วยงานผู้รับหรือหน่วยงานที่ทำการแทน ระหว่างที่ประชาชนซึ่งยืนยันตัวบุคคลแล้วมารับบริการ ระดับความเชื่อมั่นอย่างต่ำ {assurance}",
        "A recognised officer at a registered counter of the recipient, or of an agency that acts for it, while the person, verified present, is being served; least assurance {assurance}",
    ),
    (
        "ผู้ตรวจสอบที่ขึ้นทะเบียน เฉพาะรายการของหน่วยงานที่ระบุไว้ การอ่านทุกครั้งถูกบันทึกก่อนแสดงผล",
        "Registered auditors, for the entries of the agencies named for them; every reading is recorded before anything is shown",
    ),
)
REFUSALS_LINES: Final[tuple[Line, ...]] = (
    (
        "ระบบไม่รับและไม่ปฏิเสธคำขอใช้สิทธิ ให้หน่วยงานผู้ควบคุมข้อมูลบันทึกการปฏิเสธพร้อมเหตุผล (มาตรา 30 วรรคสาม มาตรา 31 วรรคสาม มาตรา 32 วรรคสาม และมาตรา 36 วรรคหนึ่ง)",
        "The gateway neither takes nor refuses such requests. The controllers record refusals with their reasons (section 30, 31 and 32, third paragraphs; 36, first paragraph)",
    ),
)
SECURITY_LINES: Final[tuple[Line, ...]] = (
    (
        "ช่องบริการและผู้ตรวจสอบเชื่อมต่อด้วย TLS ที่ยืนยันตัวตนสองฝ่าย เจ้าหน้าที่แสดงโทเคนที่ลงนามและผูกกับช่องบริการทุกคำขอ",
        "Counters and auditors connect over mutual TLS; officers show a signed token, bound to the counter, with every request",
    ),
    (
        "ทุกคำขอตัดสินตามข้อตกลงที่ยังมีผล ปฏิเสธเป็นหลัก ส่งเฉพาะรายการข้อมูลที่ตกลง ส่วนเกินจากต้นทางถูกตัดออก",
        "Every request is decided by an agreement in force, deny by default; only agreed fields are asked for, and what a source sends beyond them is dropped",
    ),
    (
        "บันทึกการเข้าถึงเพิ่มได้อย่างเดียว ลงนามด้วยลายมือชื่อดิจิทัล ตรวจสอบการแก้ไขได้โดยบุคคลภายนอก และบันทึกก่อนถามและก่อนเปิดเผยเสมอ",
        "The access log is only added to, signed, verifiable by outsiders, and written before anybody is asked and before anything is released",
    ),
    (
        "เลขประจำตัวในบันทึกถูกเข้ารหัส (AES-256-GCM) กุญแจเก็บแยกจากบันทึกและหมุนเวียนได้ การทำลายกุญแจทำให้อ่านไม่ได้อีกโดยไม่กระทบการพิสูจน์",
        "Numbers in the log are encrypted (AES-256-GCM) under keys kept apart from it and rotated; destroying a key makes them unreadable and breaks no proof",
    ),
    (
        "กฎตรวจหาการเข้าถึงที่ผิดปกติ (linkage audit findings) เช่น นอกเวลาทำการ หรือสอบถามบุคคลเดิมซ้ำ",
        "Rules find unusual accesses (linkage audit findings), outside opening hours or to one person again and again, say",
    ),
)
SENSITIVE: Final[Line] = ("ข้อมูลอ่อนไหว มาตรา 26", "sensitive, section 26")
FACE: Final[Line] = ("ภาพใบหน้า", "a face")
