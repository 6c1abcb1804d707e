"""Names of files that could run: programs, scripts, macros, and pages."""

# What a system starts, installs or hands to an interpreter at a double click, by its name. Sources: what Outlook
# blocks (https://support.microsoft.com/office/434752e1-02d3-4e90-9124-8b81e49a8519), what Gmail blocks
# (https://support.google.com/mail/answer/6590), and what interpreters and desktops register for themselves.
_PROGRAMS = """
exe com scr pif bat cmd msi msp mst msu msix msixbundle appx appxbundle application appinstaller gadget cpl dll ocx
sys drv vxd ps1 ps1xml ps2 ps2xml psc1 psc2 psd1 psm1 vb vbs vbe vba vbp js jse mjs cjs ws wsf wsc wsh sct hta lnk
url website inf ins isp job reg rgs scf shb shs msc msh mshxml jar jnlp class war ear apk aab xapk ipa dmg pkg mpkg
app command tool workflow action scpt scptd applescript osx deb rpm run bin elf so dylib appimage flatpakref snap
desktop service sh bash zsh csh tcsh ksh fish py pyw pyc pyo pyz pyzw rb pl pm php php3 php4 php5 php7 php8 phps
phtml phar asp aspx ashx asmx jsp jspx cgi lua tcl ahk au3 a3x kix docm dotm xlsm xltm xlsb xlam xla xll xlm xlw
pptm potm ppam ppsm ppa sldm wll ade adp mda mdb mde mdt mdw mdz accda accdb accde accdr mad maf mag mam maq mar
mas mat mau mav maw mcf ops prg prf pcd plg chm hlp iqy oqy rqy dqy slk udl xbap xnk vhd vhdx iso img cab diagcab
diagcfg diagpkg theme themepack ppkg one onepkg crx xpi vsix nupkg whl gem swf vsmacros vsw vst csproj sln hpj grp
bas cnt fxp its pst
"""

PROGRAMS = frozenset(_PROGRAMS.split())
"""Extensions of programs, scripts, installers, and documents with macros."""

_PAGES = """
htm html xhtml xht shtml shtm stm mht mhtml svg svgz xsl xslt webarchive hta htc
"""

PAGES = frozenset(_PAGES.split())
"""Extensions of pages, whose scripts a browser runs as a file of the reader's own machine."""


def could_run(extension: str) -> bool:
    """Whether a file of this name is a program, a script or a page to some system."""
    return extension in PROGRAMS or extension in PAGES
