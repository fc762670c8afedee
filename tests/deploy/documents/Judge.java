// Judges documents: one line of JSON for each file, {"file": name, "judge": profile or rules, "findings": [text]}.
// PDF: veraPDF, for PDF/A-3a and PDF/UA-1. XML: schema of UBL 2.1, rules of EN 16931 and of KoSIT for XRechnung 3.0.2.

import com.helger.io.resource.FileSystemResource;
import com.helger.phive.api.execute.ValidationExecutionManager;
import com.helger.phive.api.executorset.ValidationExecutorSetRegistry;
import com.helger.phive.api.validity.IValidityDeterminator;
import com.helger.phive.en16931.EN16931Validation;
import com.helger.phive.xml.source.IValidationSourceXML;
import com.helger.phive.xml.source.ValidationSourceXML;
import com.helger.phive.xrechnung.XRechnungValidation;
import java.io.File;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.flavours.PDFAFlavour;

public class Judge {
  public static void main(String[] names) throws Exception {
    VeraGreenfieldFoundryProvider.initialise();
    var registry = new ValidationExecutorSetRegistry<IValidationSourceXML>();
    EN16931Validation.initEN16931(registry);
    XRechnungValidation.initXRechnung(registry);
    for (String name : names) {
      File file = new File(name);
      if (name.endsWith(".pdf")) {
        for (PDFAFlavour flavour : List.of(PDFAFlavour.PDFA_3_A, PDFAFlavour.PDFUA_1)) {
          print(file, flavour.getId(), pdf(file, flavour));
        }
      } else {
        print(file, "xrechnung", invoice(file, registry));
      }
    }
  }

  static List<String> pdf(File file, PDFAFlavour flavour) throws Exception {
    var findings = new ArrayList<String>();
    try (var parser = Foundries.defaultInstance().createParser(file, flavour)) {
      var validator = Foundries.defaultInstance().createValidator(flavour, false);
      var result = validator.validate(parser);
      for (var found : result.getTestAssertions()) {
        findings.add(found.getRuleId().getClause() + "-" + found.getRuleId().getTestNumber() + ": " + found.getMessage());
      }
      if (!result.isCompliant() && findings.isEmpty()) {
        findings.add("not compliant");
      }
    }
    return findings;
  }

  static List<String> invoice(File file, ValidationExecutorSetRegistry<IValidationSourceXML> registry) throws Exception {
    var credit = Files.readString(file.toPath()).contains("CreditNote-2\"");
    var rules = registry.getOfID(
        credit ? XRechnungValidation.VID_XRECHNUNG_UBL_CREDITNOTE_302 : XRechnungValidation.VID_XRECHNUNG_UBL_INVOICE_302);
    var result = ValidationExecutionManager.executeValidation(
        IValidityDeterminator.createDefault(), rules, ValidationSourceXML.create(new FileSystemResource(file)), Locale.ROOT);
    var findings = new ArrayList<String>();
    result.forEachFlattened(error -> findings.add(error.getErrorLevel().getID() + " " + error.getErrorID() + ": " + error.getErrorText(Locale.ROOT)));
    if (result.size() < 3) {
      findings.add("only " + result.size() + " sets of rules were applied");
    }
    return findings;
  }

  static void print(File file, String judge, List<String> findings) {
    var texts = new ArrayList<String>();
    for (String finding : findings) {
      texts.add("\"" + finding.replace("\\", "\\\\").replace("\"", "\\\"").replaceAll("\\s+", " ") + "\"");
    }
    System.out.println("{\"file\": \"" + file.getName() + "\", \"judge\": \"" + judge + "\", \"findings\": [" + String.join(", ", texts) + "]}");
  }
}
