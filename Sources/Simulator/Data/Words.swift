/// The tables that the simulated org draws its texts from.
struct Words: Sendable {
  let firstNames: Lexicon.Table
  let lastNames: Lexicon.Table
  let plainNames: Lexicon.Table
  let salutations: Lexicon.Table
  let streets: Lexicon.Table
  let cities: Lexicon.Table
  let states: Lexicon.Table
  let countries: Lexicon.Table
  let domains: Lexicon.Table
  let organisations: Lexicon.Table
  let titles: Lexicon.Table
  let phrases: Lexicon.Table
  /// Values that break careless programs.
  let oddities: Lexicon.Table
  let recordTypes: Lexicon.Table
  let recordTypeNames: Lexicon.Table
  let recordTypeObjects: Lexicon.Table
  let profiles: Lexicon.Table
  let roles: Lexicon.Table

  init(_ builder: inout Lexicon.Builder) {
    firstNames = builder.table(
      [
        "Anna", "Bo", "Carlos", "Dörte", "Émile", "Fatima", "Giulia", "Håkon", "Ines", "Jose\u{301}", "Kateřina",
        "Li", "Miloš", "Nora", "Ólafur", "Priya", "Quinn", "Rosa", "Søren", "Tatjana", "Uwe", "Vera", "William",
        "Ximena", "Yuki", "Zoë", "王", "נועה", "محمد", "Мария", "Θεόδωρος", "Anne-Marie",
      ])
    lastNames = builder.table(
      [
        "Smith", "O'Brien", "Müller", "García Márquez", "Nguyễn", "Kowalski", "van der Berg", "Østergård", "Rossi",
        "Dvořák", "Lindqvist", "Tanaka", "小林", "כהן", "الأحمد", "Иванов", "Παπαδόπουλος", "de la Cruz",
        "Saint-Exupéry", "Jones", "Patel", "Kim", "Baker, Jr.", "Schmidt", "Fernandes", "Yılmaz", "Hansen", "Novák",
        "Brown", "Taylor", "Wilson", "McDonald",
      ])
    plainNames = builder.table(
      [
        "anna", "bo", "carlos", "doerte", "emile", "fatima", "giulia", "hakon", "ines", "jose", "katerina", "li",
        "milos", "nora", "olafur", "priya", "quinn", "rosa", "soren", "tatjana", "uwe", "vera", "william", "ximena",
        "yuki", "zoe", "smith", "obrien", "mueller", "garcia", "nguyen", "kowalski",
      ])
    salutations = builder.table(["Dr.", "Prof.", "Mr.", "Ms.", "Mrs.", "Mx."])
    streets = builder.table(
      [
        "Main Street", "Rue de l'Église", "Hauptstraße", "Calle Mayor", "Via Roma", "Karl Johans gate", "High Road",
        "Avenida da Liberdade", "Example \"East\" Lane", "Station Road\nBuilding B", "Market Square, Floor 2",
        "Old Mill Way\r\nc/o Reception", "Kirchweg", "Long Lane", "Harbour View", "North Circular",
      ])
    cities = builder.table(
      [
        "Springfield", "København", "Zürich", "São Paulo", "Łódź", "München", "Toronto", "Lyon", "Valencia", "Bergen",
        "Kraków", "Porto", "Ghent", "Leeds", "Bologna", "大阪", "İzmir", "Québec", "St. John's", "Reykjavík",
      ])
    states = builder.table(
      ["CA", "NY", "TX", "Bavaria", "Île-de-France", "Ontario", "Lazio", "Catalonia", "Zealand", "Kent", "MA", "IL"])
    countries = builder.table(
      ["United States", "Germany", "France", "Denmark", "Canada", "Spain", "Italy", "Japan", "Brazil", "Côte d'Ivoire"])
    domains = builder.table(["example.org", "example.com", "clinic.example", "hospital.example", "post.example.net"])
    organisations = builder.table(
      [
        "General Hospital", "Clínica San José", "Praxis am Markt", "City Pharmacy", "Regional Health \"Plus\"",
        "Institut Curé", "Northern Care, Ltd.", "Polyclinic 7", "Laboratory & Sons", "第一病院",
      ])
    titles = builder.table(
      ["Cardiologist", "Head Nurse", "Oberärztin", "Médecin généraliste", "Pharmacist", "Chief of Surgery", "Resident"])
    phrases = builder.table(Self.phraseWords)
    oddities = builder.table(Self.odd)
    recordTypes = builder.table(RecordTypes.all.map(\.developerName))
    recordTypeNames = builder.table(RecordTypes.all.map(\.label))
    recordTypeObjects = builder.table(RecordTypes.all.map(\.object))
    profiles = builder.table(["System Administrator", "Sales Representative_vod", "Integration User", "MSL_vod"])
    roles = builder.table(["CEO", "Region North", "Region South", "District 12", "Head Office"])
  }

  private static let phraseWords = [
    "Prefers visits in the morning.", "Asked for \"head-to-head\" data.", "See attachment, page 3;",
    "Räumlichkeiten im 2. Stock,",
    "rappeler après 18 h —", "Interested in trial results 😀", "line one\nline two", "CRLF here\r\nand on",
    "tab\there", "path C:\\temp\\x", "50 % of patients", "العربية في الوسط", "no further notes", "follow up in spring",
    "cost < 10 & > 5", "'single' quotes",
  ]

  private static let odd = [
    "\"", "\"\"quoted\"\"", ",", "a,b,c", "line\nbreak", "line\r\nbreak", "\n", "carriage\rreturn", "tab\tstop",
    "\\", "\\N", "\\n", "\\\"", "back\\slash at end\\", "\\.", "NULL", "null", "#N/A", "  leading and trailing  ",
    "👩‍👩‍👧‍👦 family", "e\u{301} combining", "\u{202E}right to left\u{202C}", "שלום", "nul\u{0}inside", "\u{FEFF}bom first",
    "zero\u{200B}width", "'; DROP TABLE person; --", "<b>html</b> &amp; entity", "{\"json\": [1, 2]}",
    "=cmd|' /C calc'!A0", "ends with quote\"", "\"starts with quote", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 beyond the BMP", "\u{1}\u{1F}control",
    "a;b;c", "Id,Name\n\"1\",\"2\"", "1E5", "0012", "true", "\u{2028}separator\u{2029}",
  ]
}
