"""One small service as an operator writes it, with one document of each sort, and the record type of an adapter."""

from pathlib import Path

from linkage.catalogue import Names

NAMES = Names(agencies={"doe", "dopa", "sso", "thaid"}, sources={"dopa", "thaid"})
"""DOPA and ThaID are enabled; SSO is an agency of the register that is not."""

RECORDS = """
[[record]]
type = "dopa.person"
title_th = "ข้อมูลบุคคล"
title_en = "Person"
legal_owner = "Department of Provincial Administration"
fields = [
  { name = "first_name", label_th = "ชื่อตัว", label_en = "First name", kind = "text", class = "ordinary" },
  { name = "religion", label_th = "ศาสนา", label_en = "Religion", kind = "text", class = "sensitive" },
]
"""

SERVICE = """
[[service]]
id = "jobseeker_registration"
name_th = "ขึ้นทะเบียนหางาน"
name_en = "Job-seeker registration"
agency = "doe"
steps = [{ th = "กรอกแบบ", en = "Fill in the form" }, { th = "ตรวจสอบ", en = "Checked", minutes = 20 }]
steps_sure = "confirmed"
time = { th = "สองชั่วโมง", en = "Two hours", hours = 2, sure = "recalled" }
fee = { th = "ไม่มีค่าธรรมเนียม", en = "No fee", sure = "recalled" }
law = { th = "พ.ร.บ.จัดหางานฯ พ.ศ. 2528", en = "Act B.E. 2528", sure = "confirmed" }
checked_on = 2026-11-21

[[service.sources]]
where = "https://guide.example/1"
kind = "official"
published = 2024-02-03
"""

DOCUMENTS = """
[[service.documents]]
id = "id_card"
name_th = "บัตรประจำตัวประชาชน"
name_en = "Identity card"
issued_by_th = "กรมการปกครอง"
issued_by_en = "Department of Provincial Administration"
originals = 1
copies = 2
not_found_settles = true
sure = "confirmed"
[[service.documents.records]]
record = "dopa.person"
fields = ["first_name"]

[[service.documents]]
id = "employment"
name_th = "หนังสือรับรองการทำงาน"
name_en = "Certificate of employment"
issued_by_th = "สำนักงานประกันสังคม"
issued_by_en = "Social Security Office"
originals = 0
copies = 1
sure = "secondary"
condition_th = "เมื่อเคยทำงาน"
condition_en = "Where there was work before"
[[service.documents.records]]
record = "sso.employment"
fields = ["company_name", "left_on"]
[[service.documents.records]]
record = "dopa.person"
fields = ["religion", "first_name"]

[[service.documents]]
id = "photograph"
name_th = "รูปถ่าย"
name_en = "Photograph"
issued_by_th = "ผู้ยื่นคำขอ"
issued_by_en = "The applicant"
originals = 1
copies = 0
sure = "confirmed"
optional = true
paper_th = "ต้องใช้รูปถ่ายปัจจุบัน"
paper_en = "A present-day photograph is needed"
"""

SERVICES = SERVICE + DOCUMENTS


def write_services(folder: Path, text: str = SERVICES) -> Path:
    """The file, in this folder."""
    path = folder / "services.toml"
    path.write_text(text, encoding="utf-8")
    return path
